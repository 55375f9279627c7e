import { AuthError } from "../error.ts";

/** A key has less than 1 KiB. */
const MAX_BYTES = 64 << 10;

/**
 * Reads a file with a private key, as ssh does: not when it is ours and others may read or write it.
 *
 * @returns its text; undefined when there is none
 * @throws {AuthError} naming the file and what is wrong with it
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    using file = await Deno.open(path);
    const { mode, uid, isDirectory } = await file.stat();
    if (isDirectory) throw refusal(path, "it is a folder");
    if (uid === Deno.uid() && ((mode ?? 0) & 0o077) !== 0) {
      throw refusal(path, `others may read it (its mode is ${((mode ?? 0) & 0o777).toString(8)})`, `chmod 600 ${path}`);
    }
    return new TextDecoder().decode(await readAll(file, path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) throw refusal(path, "permission denied");
    throw error;
  }
}

async function readAll(file: Deno.FsFile, path: string): Promise<Uint8Array> {
  const content = new Uint8Array(MAX_BYTES);
  let length = 0;
  while (length < MAX_BYTES) {
    const count = await file.read(content.subarray(length));
    if (count === null) return content.subarray(0, length);
    length += count;
  }
  throw refusal(path, "it is too long for a key");
}

function refusal(path: string, reason: string, hint?: string): AuthError {
  return new AuthError(`Cannot use the key ${JSON.stringify(path)}: ${reason}`, { hint });
}
