/** A name in a folder. */
export interface FolderName {
  /** Bytes that are not UTF-8 are shown as U+FFFD. */
  readonly name: string;
  readonly isUtf8: boolean;
}

/**
 * The names in a folder, sorted. Deno leaves those that are not valid UTF-8 out without a word, so on Linux the C library is
 * asked whether there are more; elsewhere file systems have no such names. That costs 3 calls for each folder: 0.1 s for
 * 1,000 folders with 20,000 files.
 *
 * @throws {Deno.errors.NotFound} and the like, as `Deno.readDir`
 */
export function folderNames(path: string): readonly FolderName[] {
  const names: FolderName[] = [];
  for (const { name } of Deno.readDirSync(path)) names.push({ name, isUtf8: true });
  let count = 0;
  eachName(path, () => count++);
  if (count !== names.length) {
    eachName(path, (bytes) => {
      const name = bytes();
      if (!isUtf8(name)) names.push({ name: new TextDecoder().decode(name), isUtf8: false });
    });
  }
  return names.sort((a, b) => a.name < b.name ? -1 : 1);
}

const BUFFER_BYTES = 1 << 15;
/** `O_DIRECTORY | O_CLOEXEC | O_NONBLOCK`; the first is another bit on ARM. */
const OPEN_FLAGS = (Deno.build.arch === "aarch64" ? 0o40000 : 0o200000) | 0o2000000 | 0o4000;
/** `struct linux_dirent64` (getdents64(2)): d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name with a 0 at its end. */
const LENGTH_AT = 16;
const NAME_AT = 19;

/** Calls for every name in a folder but `.` and `..`; for none where the C library cannot be asked. */
function eachName(path: string, take: (name: () => Uint8Array) => void): void {
  const fd = LIBRARY?.open(new TextEncoder().encode(`${path}\0`), OPEN_FLAGS) ?? -1;
  if (LIBRARY === undefined || fd < 0) return;
  try {
    const buffer = new Uint8Array(BUFFER_BYTES);
    const view = new DataView(buffer.buffer);
    for (let size = LIBRARY.read(fd, buffer); size > 0; size = LIBRARY.read(fd, buffer)) {
      for (let at = 0; at < size; at += view.getUint16(at + LENGTH_AT, true)) {
        const begin = at + NAME_AT;
        if (!isDots(buffer, begin)) take(() => buffer.slice(begin, buffer.indexOf(0, begin)));
      }
    }
  } finally {
    LIBRARY.close(fd);
  }
}

function isDots(buffer: Uint8Array, at: number): boolean {
  const DOT = 0x2e;
  return buffer[at] === DOT && (buffer[at + 1] === 0 || (buffer[at + 1] === DOT && buffer[at + 2] === 0));
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

interface Library {
  open(path: Uint8Array<ArrayBuffer>, flags: number): number;
  /** Fills the buffer with entries of an open folder, and gives how many bytes they take. */
  read(fd: number, buffer: Uint8Array<ArrayBuffer>): number;
  close(fd: number): number;
}

/** The C library; undefined where there is none of this kind. Whoever lists a folder lists many. */
const LIBRARY = load();

function load(): Library | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const { symbols } = Deno.dlopen("libc.so.6", {
      open: { parameters: ["buffer", "i32"], result: "i32" },
      getdents64: { parameters: ["i32", "buffer", "usize"], result: "isize" },
      close: { parameters: ["i32"], result: "i32" },
    });
    return {
      open: symbols.open,
      read: (fd, buffer) => Number(symbols.getdents64(fd, buffer, BigInt(buffer.length))),
      close: symbols.close,
    };
  } catch {
    // Another C library, or one of before 2019 (glibc 2.30).
    return undefined;
  }
}
