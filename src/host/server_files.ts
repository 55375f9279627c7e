import { createHash } from "node:crypto";
import type { Folder, FoundEntry, ServerFiles, TextFile } from "../setup/server_files.ts";

/** Behind the name of a file that is not whole yet; a leftover of a power cut is written over. */
const UNFINISHED = ".mypaas-new";

/** The server's disk. */
export class DiskServerFiles implements ServerFiles {
  async find(path: string): Promise<FoundEntry | undefined> {
    const info = await orUndefined(Deno.lstat(path));
    if (info === undefined) return undefined;
    const kind = info.isFile ? "file" : info.isDirectory ? "folder" : "other";
    return { kind, mode: (info.mode ?? 0) & 0o7777, uid: info.uid ?? 0, gid: info.gid ?? 0 };
  }

  async read(path: string): Promise<string | undefined> {
    return await orUndefined(Deno.readTextFile(path));
  }

  async digest(path: string): Promise<string | undefined> {
    const file = await orUndefined(Deno.open(path));
    if (file === undefined) return undefined;
    const hash = createHash("sha256");
    for await (const part of file.readable) hash.update(part);
    return hash.digest("hex");
  }

  async makeFolder({ path, mode, uid, gid }: Folder): Promise<void> {
    await Deno.mkdir(path, { recursive: true });
    // In this order: chown(2) clears bits of the mode.
    await Deno.chown(path, uid, gid);
    await Deno.chmod(path, mode);
    await syncPath(parentOf(path));
  }

  async write({ path, text, mode }: TextFile): Promise<void> {
    await this.#replace(path, mode, (unfinished) => Deno.writeTextFile(unfinished, text, { mode, createNew: true }));
  }

  async copyProgram(from: string, to: string): Promise<void> {
    await this.#replace(to, 0o755, (unfinished) => Deno.copyFile(from, unfinished));
  }

  async remove(path: string): Promise<void> {
    await orUndefined(Deno.remove(path, { recursive: true }));
  }

  async removeIfEmpty(path: string): Promise<void> {
    // rmdir(2) refuses a folder with something in it; what else it refuses, such as a mount point, stays as well.
    await Deno.remove(path).catch(() => {});
  }

  async #replace(path: string, mode: number, fill: (unfinished: string) => Promise<void>): Promise<void> {
    const unfinished = path + UNFINISHED;
    await Deno.mkdir(parentOf(path), { recursive: true });
    await this.remove(unfinished);
    await fill(unfinished);
    await Deno.chmod(unfinished, mode);
    await syncPath(unfinished);
    await Deno.rename(unfinished, path);
    await syncPath(parentOf(path));
  }
}

async function syncPath(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}

async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
