import { basename, dirname } from "node:path";
import { messageOf, MyPaasError } from "../error.ts";
import { diskError } from "./disk_error.ts";
import { removeFile, syncFolder } from "./files.ts";
import { isUnread } from "./terminal.ts";

/** Where a backup goes. */
export interface BackupTarget {
  write(bytes: Uint8Array): Promise<void>;
  /** All is written: from now on it is there. */
  keep(): Promise<void>;
  /** It came to nothing: what was written goes. */
  drop(): Promise<void>;
}

/**
 * Begins to write a file that only its owner may read. It has another name until it is whole and on the disk.
 *
 * @throws {MyPaasError} when its folder takes no file
 */
export async function fileTarget(path: string): Promise<BackupTarget> {
  const unfinished = `${dirname(path)}/.${basename(path)}.${crypto.randomUUID()}.tmp`;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(unfinished, { write: true, createNew: true, mode: 0o600 });
  } catch (cause) {
    throw new MyPaasError(`Cannot write ${JSON.stringify(path)}: ${reasonOf(cause)}`, { cause });
  }
  return {
    write: (bytes) => writeAll(file, bytes, path),
    async keep() {
      await file.sync();
      file.close();
      await Deno.rename(unfinished, path);
      await syncFolder(dirname(path));
    },
    async drop() {
      file.close();
      await removeFile(unfinished);
    },
  };
}

/** Standard output, of which nothing can be taken back: what broke off lacks its end. */
export function outputTarget(): BackupTarget {
  return {
    write: (bytes) => writeAll(Deno.stdout, bytes, "standard output"),
    keep: () => Promise.resolve(),
    drop: () => Promise.resolve(),
  };
}

/** A backup that is read. @param path `-` for standard input */
export async function backupSource(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (path === "-") return Deno.stdin.readable;
  try {
    const file = await Deno.open(path);
    if (!(await file.stat()).isDirectory) return file.readable;
    file.close();
    throw new Error("it is a folder");
  } catch (cause) {
    throw new MyPaasError(`Cannot read the backup ${JSON.stringify(path)}: ${reasonOf(cause)}`, { cause });
  }
}

/** A file as it is, for root alone to see. */
export async function fileBytes(path: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  return (await Deno.open(path)).readable;
}

/** Writes a file and waits until the disk has it. */
export async function writeFileBytes(path: string, bytes: AsyncIterable<Uint8Array>, mode: number): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  using file = await Deno.open(path, { write: true, create: true, truncate: true, mode });
  await Deno.chmod(path, mode);
  for await (const part of bytes) await writeAll(file, part, path);
  await file.sync();
  await syncFolder(dirname(path));
}

/** Puts a file in its place, where it is found after a power cut. Nothing happens when it is not there. */
export async function moveFile(from: string, to: string, mode: number): Promise<void> {
  try {
    await Deno.chmod(from, mode);
    await Deno.rename(from, to);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  await syncFolder(dirname(to));
}

/** The names in a folder, sorted; none when it is not there. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function writeAll(
  to: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
  name: string,
): Promise<void> {
  try {
    for (let written = 0; written < bytes.length;) written += await to.write(bytes.subarray(written));
  } catch (cause) {
    const known = diskError(`write ${JSON.stringify(name)}`, cause);
    if (known !== cause) throw known;
    throw new MyPaasError(`Cannot write ${JSON.stringify(name)}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file or folder";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (isUnread(error)) return "nobody reads it any more";
  return messageOf(error);
}
