import { UsageError } from "../error.ts";
import { type IgnoreMatch, type IgnoreRules, parseIgnore } from "./ignore.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** An entry that a push can send. */
export type ContextEntry = TreeEntry & { readonly type: "file" | "dir" | "link" };

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
 * Lists what a push sends, sorted by path: all that is not ignored, and folders that hold something kept. The Dockerfile is
 * always there, ignored or not, because the server builds from it; so `COPY . .` sees an ignored Dockerfile, which it does
 * not with Docker's own client.
 *
 * @param dockerfile path of the Dockerfile inside the context
 * @throws {UsageError} for a socket, pipe or device that is not ignored, for a name that is not UTF-8, and when there is
 * no Dockerfile
 */
export async function listContext(
  tree: Pick<Tree, "list">,
  { ignore, dockerfile }: { readonly ignore: IgnoreRules; readonly dockerfile: string },
): Promise<readonly ContextEntry[]> {
  const entries: ContextEntry[] = [];

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
      entries.push(sendable(entry));
      kept = true;
    }
    return kept;
  }

  await folder("", undefined);
  if (!entries.some((entry) => entry.path === dockerfile && entry.type !== "dir")) {
    throw new UsageError(`Cannot find the Dockerfile "${dockerfile}" in the folder that is sent`, {
      hint: "Run the command in the folder that has it, or name it.",
    });
  }
  return entries.sort((a, b) => a.path < b.path ? -1 : 1);
}

function sendable(entry: TreeEntry): ContextEntry {
  const { type } = entry;
  if (type !== "other") return { ...entry, type };
  throw new UsageError(`Cannot send "${entry.path}": it is a socket, a pipe or a device`, {
    hint: "Remove it, or name it in .dockerignore.",
  });
}

/** U+FFFD is what is shown in place of bytes that are not UTF-8: the file could not be named on the server. */
function checkName(path: string): void {
  if (!path.includes("\uFFFD")) return;
  throw new UsageError(`Cannot send "${path}": its name is not valid UTF-8`, {
    hint: "Rename it, or name its folder in .dockerignore.",
  });
}
