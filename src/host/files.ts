import { basename, dirname } from "node:path";

/**
 * Replaces a file so that a reader, or a power cut, finds the old or the new content as a whole and never a part: a
 * temporary file is written, synced and renamed, and the folder synced.
 *
 * @param mode permission bits of the new file, whatever the old one had
 * @param options `through` is the temporary file's folder, on the same disk: another one where somebody watches the file's
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  mode: number,
  { through = dirname(path) }: { readonly through?: string } = {},
): Promise<void> {
  const temporary = `${through}/.${basename(path)}.${crypto.randomUUID()}.tmp`;
  try {
    await writeSynced(temporary, typeof content === "string" ? new TextEncoder().encode(content) : content, mode);
    await Deno.rename(temporary, path);
  } catch (error) {
    // On a disk that is read-only not even that can be done, and is not needed.
    await removeFile(temporary).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes a file that does not exist yet and waits until the disk has its content; its folder is not synced. */
export async function writeSynced(path: string, content: Uint8Array, mode: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode });
  for (let written = 0; written < content.length;) written += await file.write(content.subarray(written));
  // The mode at creation passes through the umask, this one does not.
  await Deno.chmod(path, mode);
  await file.sync();
}

/** Waits until the disk knows which files a folder has. */
export async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path);
  await folder.sync();
}

/** A file as text (UTF-8); undefined when there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

export interface FolderOwner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Makes a folder, and those above it, or gives an existing one this mode and owner.
 *
 * @returns whether anything was changed
 */
export async function ensureFolder(path: string, mode: number, owner?: FolderOwner): Promise<boolean> {
  const before = await stat(path);
  if (before === undefined) {
    await Deno.mkdir(path, { recursive: true, mode });
  } else if (!before.isDirectory) {
    throw new Deno.errors.NotADirectory(`"${path}" is not a folder`);
  }
  const { mode: nowMode, uid, gid } = before ?? await Deno.stat(path);
  let changed = before === undefined;
  // The owner first: a change of owner takes special bits off the mode.
  if (owner && (uid !== owner.uid || gid !== owner.gid)) {
    await Deno.chown(path, owner.uid, owner.gid);
    changed = true;
  }
  if (((nowMode ?? 0) & 0o7777) !== mode) {
    await Deno.chmod(path, mode);
    changed = true;
  }
  return changed;
}

/** Removes a file or a folder with all that is in it; links are removed, not followed. No error when it is not there. */
export async function removeTree(path: string): Promise<void> {
  await ignoreMissing(Deno.remove(path, { recursive: true }));
}

/** Removes one file, socket or link; no error when it is not there. */
export async function removeFile(path: string): Promise<void> {
  await ignoreMissing(Deno.remove(path));
}

/** Removes all files of a folder but those that were written last. */
export async function removeAllButNewest(folder: string, kept: number): Promise<void> {
  const files = await Array.fromAsync(Deno.readDir(folder), async ({ name }) => {
    const path = `${folder}/${name}`;
    return { path, writtenMs: (await Deno.lstat(path)).mtime?.getTime() ?? 0 };
  });
  files.sort((a, b) => b.writtenMs - a.writtenMs);
  for (const { path } of files.slice(kept)) await removeFile(path);
}

async function ignoreMissing(removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
