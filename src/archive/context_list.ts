import { UsageError } from "../error.ts";
import { type IgnoreRules, parseIgnore } from "./ignore.ts";
import { shownPath } from "./shown_path.ts";
import type { Tree, TreeEntry } from "./tree.ts";

/** An entry that a push can send. */
export type ContextEntry = TreeEntry & {
  readonly type: "file" | "dir" | "link";
  /** True for a Dockerfile that is ignored: the server builds from it, and `COPY . .` is not to see it. */
  readonly buildOnly?: true;
};

/** The mode of a folder that is ignored itself, and is there only because it holds something kept: Docker makes it. */
const IMPLIED_FOLDER_MODE = 0o755;

/**
 * Reads the ignore rules of a Dockerfile: `<Dockerfile>.dockerignore` beside it beats `.dockerignore` of the context, as in
 * BuildKit. Without either nothing is ignored.
 *
 * @throws {UsageError} for a malformed pattern
 */
export async function readIgnore(tree: Pick<Tree, "text">, dockerfile: string): Promise<IgnoreRules> {
  for (const name of [`${dockerfile}.dockerignore`, IGNORE_FILE]) {
    const text = await tree.text(name);
    if (text !== undefined) return parseIgnore(text, name);
  }
  return parseIgnore("");
}

const IGNORE_FILE = ".dockerignore";

/**
 * Lists what a push sends, sorted by path: what `COPY . /` copies with Docker's own command, and the Dockerfile, ignored or
 * not, because the server builds from it.
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
  // Docker's command keeps both for the server, which takes them away again. The line that keeps one may show more.
  const rules = [IGNORE_FILE, dockerfile].filter(ignore.isIgnored).reduce((rules, path) => rules.keeping(path), ignore);
  const isLeftOut = ({ path }: TreeEntry) =>
    path !== dockerfile && (path === IGNORE_FILE ? ignore : rules).isIgnored(path);

  async function folder(path: string): Promise<void> {
    for (const entry of await tree.list(path)) {
      const leftOut = isLeftOut(entry);
      if (entry.type !== "dir") {
        if (!leftOut) entries.push(toSend(entry));
      } else if (!leftOut) {
        entries.push(toSend(entry));
        await folder(entry.path);
      } else if (rules.looksInto(entry.path)) {
        const before = entries.length;
        await folder(entry.path);
        if (entries.length > before) entries.push({ ...toSend(entry), mode: IMPLIED_FOLDER_MODE });
      }
    }
  }

  function toSend(entry: TreeEntry): ContextEntry {
    const { type, path } = entry;
    if (type === "other") {
      throw new UsageError(`Cannot send "${shownPath(path)}": ${entry.fault}`, {
        hint: "Remove or rename it, or name it in .dockerignore.",
      });
    }
    return { ...entry, type, ...path === dockerfile && ignore.isIgnored(path) && { buildOnly: true } };
  }

  await folder("");
  if (!entries.some((entry) => entry.path === dockerfile && entry.type !== "dir")) {
    throw new UsageError(`Cannot find the Dockerfile "${shownPath(dockerfile)}" in the folder that is sent`, {
      hint: "Run the command in the folder that has it, or name it.",
    });
  }
  return entries.sort((a, b) => a.path < b.path ? -1 : 1);
}
