import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { MyPaasError } from "../error.ts";
import { type BlobSource, type BlobStore, DamagedPart } from "../archive/blobs.ts";
import type { Chunk } from "../wire/manifest.ts";
import { diskError } from "./disk_error.ts";
import { removeFile } from "./files.ts";
import { sha256 } from "./hash.ts";

/** So many chunks are synced at the same time: the disk's journal takes them together, and each takes a thread. */
const SYNCS = 16;
const LOOKS_IN_A_ROW = 64;
/** A chunk that was used within this time, in milliseconds, is not touched again. */
const TOUCH_AFTER_MS = 10 * 60 * 1000;

/**
 * Chunks in a folder: `<root>/<service>/<first two digits>/<digest>`, files 0600, folders 0700. A file's time of change is
 * when it was last used.
 *
 * A stored chunk is synced before it gets its name, its folder is not: after a power cut a chunk may be missing, which the
 * next push finds and sends again, but never be there in part.
 */
export function blobFolder(root: string): BlobStore & BlobSource {
  /** @param has looks at a path and awaits nothing, so that no collection comes in between */
  async function without(service: string, digests: Iterable<string>, has: (path: string) => boolean) {
    const missing: string[] = [];
    let looked = 0;
    for (const digest of digests) {
      if (!has(blobPath(root, service, digest))) missing.push(digest);
      // A look takes a few microseconds, a promise for it ten times that. Now and then others have their turn.
      if (++looked % LOOKS_IN_A_ROW === 0) await Deno.lstat(root);
    }
    return missing;
  }

  return {
    lacking: (service, digests) => without(service, digests, touch),

    gone: (service, digests) => without(service, digests, isThere),

    async put(service, chunks) {
      const unnamed: Unnamed[] = [];
      try {
        for (const { digest, content } of chunks) {
          unnamed.push(writeUnnamed(blobPath(root, service, digest), content));
        }
        const turns = unnamed.values();
        await Promise.all(Array.from({ length: SYNCS }, async () => {
          for (const { file } of turns) await file.sync();
        }));
        for (const { temporary, path } of unnamed) Deno.renameSync(temporary, path);
      } catch (error) {
        // On a disk that is read-only not even that can be done, and is not needed.
        for (const { temporary } of unnamed) await removeFile(temporary).catch(() => {});
        throw diskError("store what was sent", error);
      } finally {
        for (const { file } of unnamed) file.close();
      }
    },

    read: (service, chunk) =>
      new Promise((resolve) => resolve(readBlob(root, blobPath(root, service, chunk.digest), chunk))),
  };
}

/** A chunk that is written and has not its name yet. */
interface Unnamed {
  readonly file: Deno.FsFile;
  readonly temporary: string;
  readonly path: string;
}

/** Waiting for the system's cache would take longer than writing to it: chunks are small. */
function writeUnnamed(path: string, content: Uint8Array): Unnamed {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const file = openNew(temporary);
  try {
    for (let written = 0; written < content.length;) written += file.writeSync(content.subarray(written));
    return { file, temporary, path };
  } catch (error) {
    file.close();
    Deno.removeSync(temporary);
    throw error;
  }
}

function openNew(path: string): Deno.FsFile {
  const options = { write: true, createNew: true, mode: 0o600 } as const;
  try {
    return Deno.openSync(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    Deno.mkdirSync(folderOf(path), { recursive: true, mode: 0o700 });
    return Deno.openSync(path, options);
  }
}

/** Whether there is a file at all. What else goes wrong, reading it will tell. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** The same for a regular file, which counts as used now. */
function touch(path: string): boolean {
  try {
    const now = Date.now();
    const { isFile, mtime } = Deno.lstatSync(path);
    if (!isFile) return false;
    if (Math.abs(now - (mtime?.getTime() ?? 0)) > TOUCH_AFTER_MS) Deno.utimeSync(path, now / 1000, now / 1000);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Reads a file that the receiver, taken over, may have replaced by anything it can make: a link, a pipe, other content.
 * Nothing is awaited: a chunk is small, and to wait for it takes three times as long as to read it.
 */
function readBlob(root: string, path: string, { digest, size }: Chunk): Uint8Array<ArrayBuffer> {
  const file = openBlob(path, digest);
  try {
    const info = fstatSync(file);
    // O_NOFOLLOW says nothing of the folders above: one could be a link to the daemon's own blobs.
    if (info.uid !== Deno.lstatSync(root).uid) {
      throw new MyPaasError(`Cannot read the stored part "${digest}": it belongs to somebody else`);
    }
    if (!info.isFile()) throw new MyPaasError(`Cannot read the stored part "${digest}": it is not a regular file`);
    if (info.size !== size) {
      throw new DamagedPart(`Cannot read the stored part "${digest}": it has ${info.size} bytes, not ${size}`, {
        hint: PUSH_AGAIN,
      });
    }
    const content = new Uint8Array(size);
    for (let filled = 0; filled < size;) {
      const bytesRead = readSync(file, content, filled, size - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (sha256(content) !== digest) {
      throw new DamagedPart(`Cannot use the stored part "${digest}": its content is not what its name says`, {
        hint: PUSH_AGAIN,
      });
    }
    return content;
  } finally {
    closeSync(file);
  }
}

const PUSH_AGAIN = "Push again";

/** O_NOFOLLOW works only with all permissions; O_NONBLOCK because a pipe would stop the whole process. */
function openBlob(path: string, digest: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") {
      throw new MyPaasError(`Cannot read the stored part "${digest}": it is not there`, { cause, hint: PUSH_AGAIN });
    }
    if (code === "ELOOP") {
      throw new MyPaasError(`Cannot read the stored part "${digest}": it is a link`, { cause });
    }
    // Where a folder should be, or the part itself, is a file, a socket or a device.
    if (code === "ENOTDIR" || code === "ENXIO" || code === "ENODEV" || code === "EACCES") {
      throw new MyPaasError(`Cannot read the stored part "${digest}": it is not a regular file`, { cause });
    }
    throw cause;
  }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** What comes from the network becomes a path only when it has the right shape. */
function blobPath(root: string, service: string, digest: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(service)) {
    throw new MyPaasError(`Cannot find the blobs of "${service}": it is no name of a service`);
  }
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw new MyPaasError(`Cannot find the stored part "${digest}": it is no SHA-256`);
  }
  return `${root}/${service}/${digest.slice(0, 2)}/${digest}`;
}
