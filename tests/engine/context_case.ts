import type { plant } from "../host/temp_folder.ts";

/** A random project: its files, and what `.dockerignore` says. */
export interface ContextCase {
  readonly seed: number;
  readonly tree: Parameters<typeof plant>[1];
  /** Permission bits by path, of files and folders. */
  readonly modes: Readonly<Record<string, number>>;
  readonly ignore: Uint8Array<ArrayBuffer>;
}

const NAMES = [
  ..."a b ab foo Foo src lib docs node_modules x.md README.md main.ts x.txt .env .git -x é 日本 a.b a+b x(1) !keep #hash"
    .split(" "),
  ..."[x] a*b q? {n} ~ c$ ^d Dockerfile.dev dockerfile".split(" "),
  "a b",
  " s",
  "t ",
  "n\nl",
  "esc\x1b]1m",
  "back\\slash",
];
const FILE_MODES = [0o644, 0o644, 0o644, 0o600, 0o755, 0o444, 0o640, 0o4755, 0o2711];
const FOLDER_MODES = [0o755, 0o755, 0o755, 0o700, 0o750, 0o711, 0o1777, 0o2775];
const TARGETS = ["a", "../a", "/etc/hosts", "none", "../../../out", "src/lib", ".", "a b"];

/** Makes the same case of the same seed. */
export function contextCase(seed: number): ContextCase {
  const random = new Random(seed);
  const tree: Record<string, string | { link?: string }> = {};
  const modes: Record<string, number> = {};
  const folders = [""];
  const paths = new Set<string>();
  for (let n = random.below(28) + 2; n > 0; n--) {
    const folder = random.one(folders);
    const path = `${folder}${random.one(NAMES)}`;
    if (paths.has(path)) continue;
    paths.add(path);
    const kind = random.below(10);
    if (kind < 4 && path.split("/").length < 5) {
      tree[path] = {};
      modes[path] = random.one(FOLDER_MODES);
      folders.push(`${path}/`);
    } else if (kind === 4) {
      tree[path] = { link: random.one(TARGETS) };
    } else {
      tree[path] = "x".repeat(random.below(40));
      modes[path] = random.one(FILE_MODES);
    }
  }
  tree["Dockerfile"] = "FROM scratch\nCOPY . /\n";
  modes["Dockerfile"] = random.one([0o644, 0o644, 0o600]);
  return { seed, tree, modes, ignore: new TextEncoder().encode(ignoreFile(random, [...paths, "Dockerfile"])) };
}

function ignoreFile(random: Random, paths: readonly string[]): string {
  const lines = Array.from({ length: random.below(7) + 1 }, () => ignoreLine(random, paths));
  const end = random.one(["\n", "\n", "\n", "\r\n"]);
  return `${random.below(12) === 0 ? "\uFEFF" : ""}${lines.join(end)}${random.below(3) === 0 ? "" : end}`;
}

function ignoreLine(random: Random, paths: readonly string[]): string {
  switch (random.below(20)) {
    case 0:
      return random.one(["", "   ", "# comment", "#a", " #hash", "\t"]);
    case 1:
      return random.one([
        "*",
        "**",
        "**/*",
        "*/*",
        ".*",
        "*.md",
        "**/*.md",
        "?",
        "*.*",
        ".",
        "..",
        "/",
        "./",
        "***",
        "**/",
        "/**",
      ]);
    case 2:
      return random.one([
        "Dockerfile",
        ".dockerignore",
        "Dockerfile*",
        ".docker*",
        "**/Dockerfile",
        "!Dockerfile",
        "!.dockerignore",
      ]);
  }
  const path = random.one(paths).split("/").map((part) => mutated(random, part));
  if (random.below(5) === 0) {
    path.splice(random.below(path.length + 1), 0, random.one(["**", "**", "*", ".", "..", ""]));
  }
  if (random.below(5) === 0) path.splice(0, random.below(path.length), ...random.below(2) === 0 ? ["**"] : []);
  if (random.below(6) === 0) path.pop();
  const before = random.one(["", "", "", "", "/", "./", "**/", " ", "../"]);
  const after = random.one(["", "", "", "", "/", "/**", "/*", " ", "*", "**"]);
  return `${random.below(4) === 0 ? random.one(["!", "!", "! ", " !"]) : ""}${before}${path.join("/")}${after}`;
}

/** A part of a path, or a pattern that may match it. */
function mutated(random: Random, part: string): string {
  const at = random.below(part.length);
  const [head, char, tail] = [part.slice(0, at), part[at] ?? "", part.slice(at + 1)];
  switch (random.below(14)) {
    case 0:
      return "*";
    case 1:
      return `${head}*`;
    case 2:
      return `*${tail}`;
    case 3:
      return `${head}?${tail}`;
    case 4:
      return `${head}[${
        random.one([`${char}z`, "a-z", `^${char}`, "^q", "a-cx", "A-Z", "é-ü", "a\\-z", ".*", "?"])
      }]${tail}`;
    case 5:
      // Before a letter it means something else, mostly nothing.
      return /\w/.test(char) && random.below(8) > 0 ? part : `${head}\\${char}${tail}`;
    case 6:
      return `**${tail}`;
    case 7:
      return `${head}**${tail}`;
    case 8:
      return random.below(12) === 0
        ? `${head}${random.one(["+", "(", ")", "|", "{2}", "^", "$", "\\", "[", "]", "()"])}${tail}`
        : part;
    default:
      return part;
  }
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0 up to and without `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  one<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to choose from");
    return item;
  }
}
