import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { MyPaasError } from "../error.ts";
import type { BlobSource, BlobStore } from "../archive/blobs.ts";
import type { Chunk } from "../wire/manifest.ts";
import { diskError } from "./disk_error.ts";
import { removeFile, writeSynced } from "./files.ts";
import { sha256 } from "./hash.ts";

/**
 * Chunks in a folder: `<root>/<service>/<first two digits>/<digest>`, files 0600, folders 0700.
 *
 * A stored chunk is synced before it gets its name, its folder is not: after a power cut a chunk may be missing, which the
 * next push finds and sends again, but never be there in part.
 */
export function blobFolder(root: string): BlobStore & BlobSource {
  return {
    async has(service, digest) {
      try {
        return (await Deno.lstat(blobPath(root, service, digest))).isFile;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    },

    async put(service, digest, content) {
      const path = blobPath(root, service, digest);
      const temporary = `${path}.${crypto.randomUUID()}.tmp`;
      try {
        await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
        await writeSynced(temporary, content, 0o600);
        await Deno.rename(temporary, path);
      } catch (error) {
        // On a disk that is read-only not even that can be done, and is not needed.
        await removeFile(temporary).catch(() => {});
        throw diskError("store what was sent", error);
      }
    },

    read: (service, chunk) => readBlob(root, blobPath(root, service, chunk.digest), chunk),
  };
}

/** Reads a file that the receiver, taken over, may have replaced by anything it can make: a link, a pipe, other content. */
async function readBlob(root: string, path: string, { digest, size }: Chunk): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await openBlob(path, digest);
  try {
    const info = await handle.stat();
    // O_NOFOLLOW says nothing of the folders above: one could be a link to the daemon's own blobs.
    if (info.uid !== (await Deno.lstat(root)).uid) {
      throw new MyPaasError(`Cannot read the stored part "${digest}": it belongs to somebody else`);
    }
    if (!info.isFile()) throw new MyPaasError(`Cannot read the stored part "${digest}": it is not a regular file`);
    if (info.size !== size) {
      throw new MyPaasError(`Cannot read the stored part "${digest}": it has ${info.size} bytes, not ${size}`, {
        hint: PUSH_AGAIN,
      });
    }
    const content = new Uint8Array(size);
    for (let filled = 0; filled < size;) {
      const { bytesRead } = await handle.read(content, filled, size - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (sha256(content) !== digest) {
      throw new MyPaasError(`Cannot use the stored part "${digest}": its content is not what its name says`, {
        hint: PUSH_AGAIN,
      });
    }
    return content;
  } finally {
    await handle.close();
  }
}

const PUSH_AGAIN = "Push again";

/** O_NOFOLLOW works only with all permissions; O_NONBLOCK because a pipe would stop the whole process. */
async function openBlob(path: string, digest: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
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
