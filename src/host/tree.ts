import { ChangedFile } from "../archive/changed_file.ts";
import { shownPath } from "../archive/shown_path.ts";
import { MAX_CHUNK_BYTES, type Tree, type TreeEntry } from "../archive/tree.ts";
import { UsageError } from "../error.ts";
import { readText } from "./files.ts";
import { type FolderName, folderNames } from "./folder_names.ts";

/**
 * A folder on this disk as a build context. It is listed with calls that block: `lstat` takes a few microseconds, and to hand
 * it to another thread costs ten times as much (20,000 files: 0.2 s instead of 1.2 s).
 *
 * @param root path of the folder
 */
export function diskTree(root: string): Tree {
  const absolute = (path: string) => path === "" ? root : `${root}/${path}`;

  /** Undefined for what has gone meanwhile. */
  function entry({ name, isUtf8 }: FolderName, folder: string): TreeEntry | undefined {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (!isUtf8) return other(path, "its name is not valid UTF-8");
    try {
      const info = Deno.lstatSync(absolute(path));
      if (!info.isFile && !info.isDirectory && !info.isSymlink) return other(path, `it is ${kindOf(info)}`);
      const type = info.isFile ? "file" : info.isDirectory ? "dir" : "link";
      const target = type === "link" ? Deno.readLinkSync(absolute(path)) : "";
      const { size, ino } = info;
      const [mtime, ctime] = [info.mtime?.getTime() ?? 0, info.ctime?.getTime() ?? 0];
      const stamp = `${size} ${mtime} ${ctime} ${ino}`;
      const mode = (info.mode ?? 0o644) & 0o7777;
      return { path, type, fault: "", mode, size, stamp, changedMs: Math.max(mtime, ctime), target };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      // Deno's only such error here.
      if (error instanceof Deno.errors.InvalidData) return other(path, "the target of this link is not valid UTF-8");
      throw error;
    }
  }

  return {
    list(folder) {
      try {
        const entries = folderNames(absolute(folder)).map((name) => entry(name, folder));
        return Promise.resolve(entries.filter((entry) => entry !== undefined));
      } catch (error) {
        return Promise.reject(readable(error, folder === "" ? root : folder));
      }
    },

    async *read(path) {
      try {
        using file = await Deno.open(absolute(path));
        const before = await file.stat();
        let size = 0;
        while (true) {
          const part = await readFull(file, MAX_CHUNK_BYTES);
          size += part.length;
          if (part.length > 0) yield part;
          if (part.length === MAX_CHUNK_BYTES) continue;
          const after = await file.stat();
          if (size === before.size && size === after.size && after.mtime?.getTime() === before.mtime?.getTime()) return;
          throw new ChangedFile(path);
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
      throw new ChangedFile(path);
    },

    async text(path) {
      try {
        return await readText(absolute(path));
      } catch (error) {
        throw readable(error, path);
      }
    },
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

/** What cannot be sent. */
function other(path: string, fault: string): TreeEntry {
  return { path, type: "other", fault, mode: 0, size: 0, stamp: "", changedMs: 0, target: "" };
}

function kindOf({ isSocket, isFifo }: Deno.FileInfo): string {
  return isSocket === true ? "a socket" : isFifo === true ? "a pipe" : "a device";
}

/** Puts what a user can do something about into a sentence; other errors stay as they are. */
function readable(error: unknown, where: string): unknown {
  const path = shownPath(where);
  if (error instanceof Deno.errors.PermissionDenied) {
    return new UsageError(`Cannot read "${path}": permission denied`, {
      cause: error,
      hint: "Make it readable, or name it in .dockerignore.",
    });
  }
  if (error instanceof Deno.errors.NotFound) {
    return new UsageError(`Cannot read "${path}": it is not there`, { cause: error });
  }
  if (error instanceof Deno.errors.IsADirectory) {
    return new UsageError(`Cannot read "${path}": it is a folder`, { cause: error });
  }
  if (error instanceof Deno.errors.NotADirectory) {
    return new UsageError(`Cannot read "${path}": it is not a folder`, { cause: error });
  }
  return error;
}
