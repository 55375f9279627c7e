import { ChangedFile } from "../archive/changed_file.ts";
import { shownPath } from "../archive/shown_path.ts";
import { MAX_CHUNK_BYTES, type Tree, type TreeEntry } from "../archive/tree.ts";
import { UsageError } from "../error.ts";
import { readText } from "./files.ts";
import { type FolderName, folderNames } from "./folder_names.ts";

// All calls are synchronous: each takes some microseconds, a promise for it twenty times that, and a context has tens of
// thousands. Whoever reads it waits for the network now and then, so others have their turn.

/**
 * A folder on this disk as a build context.
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
    // deno-lint-ignore require-await
    async list(folder) {
      try {
        return folderNames(absolute(folder)).map((name) => entry(name, folder)).filter((entry) => entry !== undefined);
      } catch (error) {
        throw readable(error, folder === "" ? root : folder);
      }
    },

    async *read(path) {
      try {
        using file = Deno.openSync(absolute(path));
        const before = file.statSync();
        for (let left = before.size; left > 0; left -= MAX_CHUNK_BYTES) {
          const part = readFull(file, Math.min(left, MAX_CHUNK_BYTES));
          if (part.length < Math.min(left, MAX_CHUNK_BYTES)) throw new ChangedFile(path);
          yield part;
        }
        const after = file.statSync();
        if (after.size !== before.size || after.mtime?.getTime() !== before.mtime?.getTime()) {
          throw new ChangedFile(path);
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
