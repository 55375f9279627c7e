import { MyPaasError, UsageError } from "../error.ts";
import { MAX_CHUNK_BYTES, type Tree, type TreeEntry } from "../archive/tree.ts";
import { readText } from "./files.ts";

/**
 * A folder on this disk as a build context. Deno leaves names that are not valid UTF-8 out of a folder's list without a
 * word, so those are not sent.
 *
 * @param root path of the folder
 */
export function diskTree(root: string): Tree {
  const absolute = (path: string) => path === "" ? root : `${root}/${path}`;

  async function entry(path: string): Promise<TreeEntry> {
    const info = await Deno.lstat(absolute(path));
    const type = info.isFile ? "file" : info.isDirectory ? "dir" : info.isSymlink ? "link" : "other";
    const target = type === "link" ? await Deno.readLink(absolute(path)) : "";
    const { size, ino } = info;
    const [mtime, ctime] = [info.mtime?.getTime() ?? 0, info.ctime?.getTime() ?? 0];
    const stamp = `${size} ${mtime} ${ctime} ${ino}`;
    return { path, type, mode: (info.mode ?? 0o644) & 0o7777, size, stamp, changedMs: Math.max(mtime, ctime), target };
  }

  return {
    async list(folder) {
      try {
        const names: string[] = [];
        for await (const { name } of Deno.readDir(absolute(folder))) names.push(name);
        return await Promise.all(names.sort().map((name) => entry(folder === "" ? name : `${folder}/${name}`)));
      } catch (error) {
        throw readable(error, folder === "" ? root : folder);
      }
    },

    async *read(path) {
      try {
        using file = await Deno.open(absolute(path));
        while (true) {
          const part = await readFull(file, MAX_CHUNK_BYTES);
          if (part.length > 0) yield part;
          if (part.length < MAX_CHUNK_BYTES) return;
        }
      } catch (error) {
        throw readable(error, path);
      }
    },

    async readRange(path, offset, size) {
      try {
        using file = await Deno.open(absolute(path));
        await file.seek(offset, Deno.SeekMode.Start);
        const part = await readFull(file, size);
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

/** Most files of a project are smaller; a buffer for the largest chunk costs more than to read them. */
const FIRST_BUFFER_BYTES = 1 << 14;

/** Reads so many bytes, or to the end of the file, for one read may give less. */
async function readFull(file: Deno.FsFile, size: number): Promise<Uint8Array<ArrayBuffer>> {
  let buffer = new Uint8Array(Math.min(size, FIRST_BUFFER_BYTES));
  let filled = 0;
  while (filled < size) {
    if (filled === buffer.length) {
      const larger = new Uint8Array(size);
      larger.set(buffer);
      buffer = larger;
    }
    const count = await file.read(buffer.subarray(filled));
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
