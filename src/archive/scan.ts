import { UsageError } from "../error.ts";
import type { Chunk, Manifest, ManifestEntry } from "../wire/manifest.ts";
import { type IgnoreMatch, type IgnoreRules, parseIgnore } from "./ignore.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** Where a chunk can be read again when it is to be sent. */
export interface ChunkPlace {
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly size: number;
}

export interface Scan {
  readonly manifest: Manifest;
  /** One place of each chunk, by digest. */
  readonly places: ReadonlyMap<string, ChunkPlace>;
}

export interface ScanOptions {
  readonly ignore: IgnoreRules;
  /** Path of the Dockerfile inside the context. */
  readonly dockerfile: string;
  /** SHA-256 of bytes as 64 lower-case hex digits. */
  readonly digest: (bytes: Uint8Array<ArrayBuffer>) => string;
}

/**
 * Reads the ignore rules of a Dockerfile: `<Dockerfile>.dockerignore` beside it beats `.dockerignore` of the context, as in
 * BuildKit. Without either nothing is ignored.
 *
 * @throws {UsageError} for a malformed pattern
 */
export async function readIgnore(tree: Pick<Tree, "text">, dockerfile: string): Promise<IgnoreRules> {
  for (const name of [`${dockerfile}.dockerignore`, ".dockerignore"]) {
    const text = await tree.text(name);
    if (text !== undefined) return parseIgnore(text, name);
  }
  return parseIgnore("");
}

/**
 * Lists and hashes what a push sends: all that is not ignored, and folders that hold something kept. The Dockerfile is
 * always there, ignored or not, because the server builds from it; so `COPY . .` sees an ignored Dockerfile, which it does
 * not with Docker's own client.
 *
 * @throws {UsageError} for a socket, pipe or device that is not ignored, for a name that is not UTF-8, and when there is
 * no Dockerfile
 */
export async function scanTree(tree: Tree, { ignore, dockerfile, digest }: ScanOptions): Promise<Scan> {
  const entries: ManifestEntry[] = [];
  const places = new Map<string, ChunkPlace>();

  async function file(entry: TreeEntry): Promise<ManifestEntry> {
    const chunks: Chunk[] = [];
    let size = 0;
    for await (const part of tree.read(entry.path)) {
      const chunk = { digest: digest(part), size: part.length };
      if (!places.has(chunk.digest)) places.set(chunk.digest, { path: entry.path, offset: size, size: chunk.size });
      chunks.push(chunk);
      size += chunk.size;
    }
    return { type: "file", path: entry.path, mode: entry.mode, size, chunks };
  }

  /** Tells whether the folder holds something that is sent. */
  async function folder(path: string, verdict: IgnoreMatch | undefined): Promise<boolean> {
    let kept = false;
    for (const entry of await tree.list(path)) {
      const match = ignore.match(entry.path, verdict);
      let needed = !match.ignored || entry.path === dockerfile;
      if (entry.type === "dir") {
        const enter = needed || dockerfile.startsWith(`${entry.path}/`) || ignore.mayKeepInside(entry.path);
        if (enter && await folder(entry.path, match)) needed = true;
      }
      if (!needed) continue;
      checkName(entry.path);
      entries.push(await manifestEntry(entry));
      kept = true;
    }
    return kept;
  }

  async function manifestEntry(entry: TreeEntry): Promise<ManifestEntry> {
    switch (entry.type) {
      case "file":
        return await file(entry);
      case "dir":
        return { type: "dir", path: entry.path, mode: entry.mode };
      case "link":
        return { type: "link", path: entry.path, target: entry.target };
      case "other":
        throw new UsageError(`Cannot send "${entry.path}": it is a socket, a pipe or a device`, {
          hint: "Remove it, or name it in .dockerignore.",
        });
    }
  }

  await folder("", undefined);
  if (!entries.some((entry) => entry.path === dockerfile && entry.type !== "dir")) {
    throw new UsageError(`Cannot find the Dockerfile "${dockerfile}" in the folder that is sent`, {
      hint: "Run the command in the folder that has it, or name it.",
    });
  }
  entries.sort((a, b) => a.path < b.path ? -1 : 1);
  return { manifest: { entries }, places };
}

/** U+FFFD is what is shown in place of bytes that are not UTF-8: the file could not be named on the server. */
function checkName(path: string): void {
  if (!path.includes("\uFFFD")) return;
  throw new UsageError(`Cannot send "${path}": its name is not valid UTF-8`, {
    hint: "Rename it, or name its folder in .dockerignore.",
  });
}
