/** A path of the context with many bytes. */
export interface LargePath {
  /** Relative to the context; a folder ends with `/`. Behind two stars and `/` stands every folder of that name. */
  readonly path: string;
  readonly bytes: number;
  /** The line of `.dockerignore` that leaves it out. */
  readonly line: string;
}

/** Folders that tools fill and can fill again: nobody wants to hear of their parts. */
const FILLED_BY_TOOLS: ReadonlySet<string> = new Set([
  ".cache",
  ".git",
  ".gradle",
  ".hg",
  ".mypy_cache",
  ".next",
  ".nuxt",
  ".parcel-cache",
  ".pnpm-store",
  ".pytest_cache",
  ".svn",
  ".terraform",
  ".tox",
  ".turbo",
  ".venv",
  ".yarn",
  "__pycache__",
  "bower_components",
  "build",
  "coverage",
  "dist",
  "node_modules",
  "target",
  "venv",
]);
/** A folder of which its few largest entries hold so much is not named, but they are. */
const MOST = 0.9;
const FEW = 2;
/** Less is not worth a line. */
const LEAST_BYTES = 1_000_000;

/** A folder, or a file, which has no entries. */
interface Node {
  bytes: number;
  readonly entries: Map<string, Node> | undefined;
}

/**
 * Finds the few paths that say where the bytes of a context are, the largest first: folders that tools fill as a whole,
 * wherever they are, and of others the folder or the file that has most.
 *
 * @param files with the bytes that count of each
 * @param count how many paths at most
 */
export function largestPaths(
  files: Iterable<{ readonly path: string; readonly bytes: number }>,
  count: number,
): readonly LargePath[] {
  const root: Node = { bytes: 0, entries: new Map() };
  /** By name, then by path. */
  const filled = new Map<string, Map<string, number>>();
  for (const { path, bytes } of files) {
    const parts = path.split("/");
    const at = parts.findIndex((part, i) => i < parts.length - 1 && FILLED_BY_TOOLS.has(part));
    if (at === -1) {
      add(root, parts, bytes);
      continue;
    }
    const name = parts[at] ?? "";
    const folder = parts.slice(0, at + 1).join("/");
    const places = filled.get(name) ?? new Map<string, number>();
    filled.set(name, places.set(folder, (places.get(folder) ?? 0) + bytes));
  }
  const found = [
    ...[...filled].map(([name, places]) => filledPath(name, places)),
    ...largestOf("", root).map(({ path, bytes }) => ({ path, bytes, line: ignoreLine(path) })),
  ];
  return found.filter(({ bytes }) => bytes >= LEAST_BYTES)
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))
    .slice(0, count);
}

function add(root: Node, parts: readonly string[], bytes: number): void {
  let node = root;
  node.bytes += bytes;
  for (const [i, part] of parts.entries()) {
    const entries = node.entries ?? new Map<string, Node>();
    const entry = entries.get(part) ?? { bytes: 0, entries: i < parts.length - 1 ? new Map() : undefined };
    entries.set(part, entry);
    entry.bytes += bytes;
    node = entry;
  }
}

function filledPath(name: string, places: ReadonlyMap<string, number>): LargePath {
  const bytes = [...places.values()].reduce((sum, one) => sum + one, 0);
  const [only = name] = places.keys();
  const path = places.size === 1 ? `${only}/` : `**/${name}/`;
  return { path, bytes, line: places.size === 1 ? ignoreLine(path) : `**/${name}` };
}

function largestOf(folder: string, { entries }: Node): readonly Omit<LargePath, "line">[] {
  return [...entries ?? []].flatMap(([name, node]) => {
    const path = `${folder}${name}`;
    if (node.entries === undefined) return [{ path, bytes: node.bytes }];
    const inside = [...node.entries.values()].map(({ bytes }) => bytes).sort((a, b) => b - a);
    const few = inside.slice(0, FEW).reduce((sum, bytes) => sum + bytes, 0);
    if (few >= MOST * node.bytes) return largestOf(`${path}/`, node);
    return [{ path: `${path}/`, bytes: node.bytes }];
  });
}

/**
 * A path as a pattern of `.dockerignore` that matches it and nothing else; where a blank at an end or a control character
 * cannot be written, any character. Docker 20.10 takes all that is special in a regular expression as such.
 */
function ignoreLine(path: string): string {
  return path
    .replace(/[\\*?[\]^+(){}|]|^[#!]/g, "\\$&")
    .replace(/\p{Cc}|^\s|\s(?=\/?$)/gu, "?");
}
