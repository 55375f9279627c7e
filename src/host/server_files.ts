import { dirname } from "node:path";
import type { Folder, FoundEntry, ServerFiles, TextFile } from "../setup/server_files.ts";
import { ensureFolder, readText, removeFile, removeTree, replaceFile, syncFolder } from "./files.ts";
import { runningSha256 } from "./hash.ts";

/** The server's disk. */
export class DiskServerFiles implements ServerFiles {
  async find(path: string): Promise<FoundEntry | undefined> {
    const info = await orUndefined(Deno.stat(path));
    if (info === undefined) return undefined;
    const kind = info.isFile ? "file" : info.isDirectory ? "folder" : "other";
    return { kind, mode: (info.mode ?? 0) & 0o7777, uid: info.uid ?? 0, gid: info.gid ?? 0 };
  }

  async read(path: string): Promise<string | undefined> {
    return await readText(path);
  }

  async digest(path: string): Promise<string | undefined> {
    const file = await orUndefined(Deno.open(path));
    if (file === undefined) return undefined;
    const hash = runningSha256();
    for await (const part of file.readable) hash.update(part);
    return hash.digest();
  }

  async makeFolder({ path, mode, uid, gid }: Folder): Promise<void> {
    await Deno.mkdir(dirname(path), { recursive: true });
    await ensureFolder(path, mode, { uid, gid });
    await syncFolder(dirname(path));
  }

  async write({ path, text, mode }: TextFile): Promise<void> {
    await replaceFile(path, text, mode);
  }

  async copyProgram(from: string, to: string): Promise<void> {
    await Deno.mkdir(dirname(to), { recursive: true });
    // A copy of its own, not a second name: whoever compiles again writes into the first.
    const unfinished = `${to}.new`;
    await removeFile(unfinished);
    await Deno.copyFile(from, unfinished);
    await Deno.chmod(unfinished, 0o755);
    await syncFile(unfinished);
    await Deno.rename(unfinished, to);
    await syncFolder(dirname(to));
  }

  async remove(path: string): Promise<void> {
    await removeTree(path);
  }

  async removeIfEmpty(path: string): Promise<void> {
    // rmdir(2) refuses a folder with something in it; what else it refuses, such as a mount point, stays as well.
    await Deno.remove(path).catch(() => {});
  }
}

async function syncFile(path: string): Promise<void> {
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
