import { maskCode } from "./mask_code.ts";

/** One file of the project, its path relative to the checkout. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A broken rule. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

const ALL_VALUES = ["deploy", "setup", "archive", "auth", "wire", "service", "traefik"];

/** What each module of `src/` may import beside `error.ts` and `wait.ts`; README's "Develop" draws it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  service: [],
  traefik: ["service"],
  wire: ["service"],
  auth: ["wire"],
  archive: ["wire", "service"],
  deploy: ["service", "traefik"],
  setup: ["service", "traefik"],
  doctor: ["setup", "archive", "wire", "service"],
  client: ["wire", "auth", "archive", "service"],
  receiver: ["wire", "auth", "archive"],
  daemon: ALL_VALUES,
  docker: ALL_VALUES,
  state: ALL_VALUES,
  host: ALL_VALUES,
  cli: [...ALL_VALUES, "client", "receiver", "daemon", "doctor", "docker", "state", "host"],
};
/** The adapters also see the interfaces that the programs declare, as types. */
const MAY_IMPORT_TYPES: Readonly<Record<string, readonly string[]>> = {
  docker: ["client", "receiver", "daemon", "doctor"],
  state: ["client", "receiver", "daemon", "doctor"],
  host: ["client", "receiver", "daemon", "doctor"],
};
const ADAPTERS = ["docker", "state", "host"];
const MAX_LINES = 300;

const IMPORTS = /^[ \t]*(?:import|export)\b([^;"'`()]*?\bfrom\s*|\s*)"( *)"/gm;
const DYNAMIC_IMPORTS = /\bimport\s*\(\s*(?:"( *)"\s*[,)])?/g;

/**
 * Checks one file against the rules that lint cannot know: which module imports which, where effects may stand, the one
 * door for waits, no `any`, packages from the import map only, short files.
 *
 * @param packages the names in the import map
 */
export function checkFile({ path, text }: SourceFile, packages: readonly string[]): Violation[] {
  const violations: Violation[] = [];
  const lines = text.split("\n");
  const at = (offset: number) => text.slice(0, offset).split("\n").length;
  const report = (line: number, message: string) => violations.push({ path, line, message });

  const count = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  if (count > MAX_LINES) {
    report(MAX_LINES + 1, `The file has ${count} lines: the limit is ${MAX_LINES}, split it by concern`);
  }
  if (!path.endsWith(".ts")) return violations;

  const module = moduleOf(path);
  const isProduct = path === "main.ts" || path.startsWith("src/");
  if (path.startsWith("src/") && MAY_IMPORT[module] === undefined && !isShared(module)) {
    report(1, `"${module}" is no module: README lists them under "Develop"`);
  }
  const code = maskCode(text);
  const mayHaveEffects = !isProduct || path === "main.ts" || ADAPTERS.includes(module);

  for (const { specifier, offset, typeOnly } of importsOf(code, text)) {
    const fault = specifier === undefined
      ? "import() takes a plain string here, so that the compiler and this check can follow it"
      : faultOfImport(specifier, { path, module, isProduct, mayHaveEffects, typeOnly, packages });
    if (fault) report(at(offset), fault);
  }
  for (const { pattern, message } of PATTERNS) {
    if (message === EFFECT && mayHaveEffects) continue;
    if (message === WAIT && path === "src/wait.ts") continue;
    for (const match of code.matchAll(pattern)) report(at(match.index), message);
  }
  return violations.sort((a, b) => a.line - b.line);
}

const EFFECT =
  "Effects (Deno.*) belong in src/docker, src/state, src/host and main.ts: declare an interface and let one of them do it";
const WAIT = "Timers belong in src/wait.ts: wait for a state or an event with waitUntil() or within()";
const PATTERNS: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  { pattern: /(?<![.\w])Deno\b(?!\s*:)/g, message: EFFECT },
  { pattern: /\b(?:setTimeout|setInterval)\b/g, message: WAIT },
  {
    pattern: /(?:[:<|&]|\bas\b)\s*any\b(?!\s*[:(.])/g,
    message: 'Type "any" hides mistakes: use "unknown" and narrow it',
  },
];

/** A sentence about what is wrong with an import, or undefined. */
function faultOfImport(specifier: string, from: {
  readonly path: string;
  readonly module: string;
  readonly isProduct: boolean;
  readonly mayHaveEffects: boolean;
  readonly typeOnly: boolean;
  readonly packages: readonly string[];
}): string | undefined {
  if (specifier.startsWith("node:")) {
    if (from.mayHaveEffects) return undefined;
    return `Cannot import "${specifier}" here: node modules belong in src/docker, src/state, src/host and main.ts`;
  }
  if (!specifier.startsWith(".")) {
    if (from.packages.some((name) => name === specifier || name.endsWith("/") && specifier.startsWith(name))) {
      return undefined;
    }
    return `Cannot import "${specifier}": packages are named in the import map of deno.json`;
  }
  if (!from.isProduct) return undefined;
  const target = resolve(from.path, specifier);
  if (target === "deno.json") return undefined;
  if (!target.startsWith("src/")) return `Cannot import "${specifier}": src never imports ${target.split("/")[0]}`;
  const to = moduleOf(target);
  if (from.path === "main.ts" || to === from.module) return undefined;
  const allowed = allowedFor(from.module, from.typeOnly);
  if (allowed.includes(to)) return undefined;
  const typesOnly = MAY_IMPORT_TYPES[from.module]?.includes(to) ? " other than by `import type`" : "";
  return `Cannot import "${specifier}" from ${from.module}${typesOnly}: it may import ${
    allowed.join(", ") || "nothing"
  }`;
}

function allowedFor(module: string, typeOnly: boolean): readonly string[] {
  if (module === "error.ts") return [];
  if (module === "wait.ts") return ["error.ts"];
  return [...MAY_IMPORT[module] ?? [], ...(typeOnly ? MAY_IMPORT_TYPES[module] ?? [] : []), "error.ts", "wait.ts"];
}

function isShared(module: string): boolean {
  return module === "error.ts" || module === "wait.ts";
}

/** `src/auth/keys.ts` → `auth`, `src/wait.ts` → `wait.ts`, `main.ts` → `main.ts`. */
function moduleOf(path: string): string {
  return path.split("/")[path.startsWith("src/") ? 1 : 0] ?? path;
}

function resolve(from: string, specifier: string): string {
  return decodeURIComponent(new URL(specifier, `file:///${from}`).pathname.slice(1));
}

/** Every import of a file; `specifier` is undefined for an import() of something that is no plain string. */
function importsOf(code: string, text: string): {
  readonly specifier: string | undefined;
  readonly offset: number;
  readonly typeOnly: boolean;
}[] {
  const found = [];
  for (const match of code.matchAll(IMPORTS)) {
    const end = match.index + match[0].length - 1;
    const specifier = text.slice(end - (match[2] ?? "").length, end);
    found.push({ specifier, offset: end, typeOnly: /^\s+type\s+[{*\w]/.test(match[1] ?? "") });
  }
  for (const match of code.matchAll(DYNAMIC_IMPORTS)) {
    const start = text.indexOf('"', match.index) + 1;
    const specifier = match[1] === undefined ? undefined : text.slice(start, start + match[1].length);
    found.push({
      specifier,
      offset: match.index,
      typeOnly: /^\s*\)\s*\.\s*[A-Z]/.test(code.slice(start + (match[1] ?? "").length + 1)),
    });
  }
  return found;
}

/** Reads what the rules are about: the sources, the tests and the scripts below `root`. */
export async function readSources(root: string): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  const read = async (path: string) => files.push({ path, text: await Deno.readTextFile(`${root}/${path}`) });
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await walk(path);
      else if (folder === "scripts" || /\.(ts|go|sh)$/.test(name)) await read(path);
    }
  };
  for await (const { name, isDirectory } of Deno.readDir(root)) {
    if (isDirectory && ["src", "tests", "scripts"].includes(name)) await walk(name);
    if (name === "main.ts") await read(name);
  }
  return files.sort((a, b) => a.path < b.path ? -1 : 1);
}

/** Checks a whole checkout. */
export async function checkTree(root: string): Promise<Violation[]> {
  const { imports }: { imports: Record<string, string> } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  return (await readSources(root)).flatMap((file) => checkFile(file, Object.keys(imports)));
}

if (import.meta.main) {
  const violations = await checkTree(decodeURIComponent(new URL("..", import.meta.url).pathname.replace(/\/$/, "")));
  for (const { path, line, message } of violations) console.error(`${path}:${line}: ${message}`);
  if (violations.length > 0) Deno.exit(1);
}
