/** Where journald takes entries with fields: systemd.journal-fields(7), "Native Journal Protocol" of systemd's documentation. */
export const JOURNAL_SOCKET = "/run/systemd/journal/socket";

/**
 * Whether standard error leads to the journal: systemd sets `JOURNAL_STREAM` to the device and inode of the stream
 * (systemd.exec(5)), and a program that was started with another one inherits the variable.
 */
export async function logsToJournal(stream: string | undefined): Promise<boolean> {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = await Deno.stat("/proc/self/fd/2");
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** One entry in the native protocol. A value with line breaks goes as its length (64 bits, little endian) and its bytes. */
export function journalEntry(fields: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts = Object.entries(fields).flatMap(([name, value]) => {
    if (!value.includes("\n")) return [encoder.encode(`${name}=${value}\n`)];
    const bytes = encoder.encode(value);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(bytes.length), true);
    return [encoder.encode(`${name}\n`), length, bytes, encoder.encode("\n")];
  });
  const entry = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => {
    entry.set(part, at);
    return at + part.length;
  }, 0);
  return entry;
}
