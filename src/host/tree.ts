import { MyPaasError, UsageError } from "../error.ts";
import { MAX_CHUNK_BYTES, type Tree, type TreeEntry } from "../archive/tree.ts";
import { readText } from "./files.ts";

// All calls are synchronous: each takes some microseconds, a promise for it twenty times that, and a context has tens of
// thousands. Whoever reads it waits for the network now and then, so others have their turn.

/**
 * A folder on this disk as a build context. Deno leaves names that are not valid UTF-8 out of a folder's list without a
 * word, so those are not sent.
 *
 * @param root path of the folder
 */
export function diskTree(root: string): Tree {
  const absolute = (path: string) => path === "" ? root : `${root}/${path}`;

  function entry(path: string): TreeEntry {
    const info = Deno.lstatSync(absolute(path));
    const type = info.isFile ? "file" : info.isDirectory ? "dir" : info.isSymlink ? "link" : "other";
    const target = type === "link" ? Deno.readLinkSync(absolute(path)) : "";
    const { size, ino } = info;
    const [mtime, ctime] = [info.mtime?.getTime() ?? 0, info.ctime?.getTime() ?? 0];
    const stamp = `${size} ${mtime} ${ctime} ${ino}`;
    return { path, type, mode: (info.mode ?? 0o644) & 0o7777, size, stamp, changedMs: Math.max(mtime, ctime), target };
  }

  return {
    // deno-lint-ignore require-await
    async list(folder) {
      try {
        const names = Array.from(Deno.readDirSync(absolute(folder)), ({ name }) => name).sort();
        return names.map((name) => entry(folder === "" ? name : `${folder}/${name}`));
      } catch (error) {
        throw readable(error, folder === "" ? root : folder);
      }
    },

    async *read(path) {
      try {
        using file = Deno.openSync(absolute(path));
        for (let left = file.statSync().size; left > 0; left -= MAX_CHUNK_BYTES) {
          const part = readFull(file, Math.min(left, MAX_CHUNK_BYTES));
          if (part.length > 0) yield part;
        }
      } catch (error) {
        throw readable(error, path);
      }
    },

    // deno-lint-ignore require-await
    async readRange(path, offset, size) {
      try {
        using file = Deno.openSync(absolute(path));
        file.seekSync(offset, Deno.SeekMode.Start);
        const part = readFull(file, size);
        if (part.length === size) return part;
      } catch (error) {
        throw readable(error, path);
      }
      throw new MyPaasError(`Cannot send "${path}": it has become shorter since the push began`, {
        hint: "Push again when nothing writes to it.",
      });
    },

    text: (path) => readText(absolute(path)),
  };
}

/** Reads so many bytes, or to the end of the file, for one read may give less. */
function readFull(file: Deno.FsFile, size: number): Uint8Array<ArrayBuffer> {
  const buffer = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const count = file.readSync(buffer.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return filled === size ? buffer : buffer.slice(0, filled);
}

/** Puts what a user can do something about into a sentence; other errors stay as they are. */
function readable(error: unknown, path: string): unknown {
  if (error instanceof Deno.errors.PermissionDenied) {
    return new UsageError(`Cannot read "${path}": permission denied`, {
      cause: error,
      hint: "Make it readable, or name it in .dockerignore.",
    });
  }
  if (error instanceof Deno.errors.NotFound) {
    return new UsageError(`Cannot read "${path}": it is not there`, { cause: error });
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return new UsageError(`Cannot read "${path}": it is not a folder`, { cause: error });
  }
  // Deno's only such error here is a link whose target is not UTF-8.
  if (error instanceof Deno.errors.InvalidData) {
    return new UsageError(`Cannot send "${path}": it holds a link whose target is not valid UTF-8`, { cause: error });
  }
  return error;
}
