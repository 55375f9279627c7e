import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkFile, checkTree, readSources } from "../../scripts/check_imports.ts";
import { maskCode } from "../../scripts/mask_code.ts";

const ROOT = decodeURIComponent(new URL("../..", import.meta.url).pathname).replace(/\/$/, "");

/** `line: message` of each violation of a file with this text. */
function faults(path: string, text: string): string[] {
  return checkFile({ path, text }, ["valibot", "@std/http/"]).map(({ line, message }) => `${line}: ${message}`);
}

/** One of each kind: where it is planted, what, and words of the sentence that must name it. */
const PLANTED: readonly (readonly [path: string, text: string, line: number, words: string])[] = [
  [
    "src/auth/planted.ts",
    'import { x } from "../docker/client.ts";',
    1,
    'Cannot import "../docker/client.ts" from auth',
  ],
  ["src/service/planted.ts", '// first\nexport { y } from "../wire/events.ts";', 2, "from service: it may import"],
  ["src/wire/planted.ts", 'import type { z } from "../auth/actor.ts";', 1, "from wire: it may import service"],
  ["src/state/planted.ts", 'import { a } from "../client/servers.ts";', 1, "other than by `import type`"],
  ["src/deploy/planted.ts", 'import "../../tests/fakes/x.ts";', 1, "src never imports tests"],
  ["src/client/planted.ts", 'await import("../daemon/x.ts");', 1, "from client: it may import"],
  ["src/cli/planted.ts", "const name = './x.ts';\nawait import(name);", 2, "import() takes a plain string"],
  ["src/archive/planted.ts", 'import { createHash } from "node:crypto";', 1, 'Cannot import "node:crypto" here'],
  [
    "src/host/planted_timers.ts",
    'import { setTimeout } from "node:timers/promises";',
    1,
    "Timers belong in src/wait.ts",
  ],
  ["src/daemon/planted.ts", "const a = 1;\nDeno.exit(a);", 2, "Effects (Deno.*) belong in"],
  ["src/receiver/planted.ts", "setTimeout(() => {}, 5);", 1, "Timers belong in src/wait.ts"],
  ["tests/planted_test.ts", "setInterval(() => {}, 5);", 1, "Timers belong in src/wait.ts"],
  ["src/setup/planted.ts", "let a: any;", 1, 'Type "any"'],
  ["src/traefik/planted.ts", "const a = {} as any;", 1, 'Type "any"'],
  ["src/host/planted_package.ts", 'import chalk from "npm:chalk@5";', 1, 'Cannot import "npm:chalk@5"'],
  ["src/docker/planted_long.ts", "\n".repeat(301), 301, "The file has 301 lines"],
  ["src/helpers/planted.ts", "export {};", 1, '"helpers" is no module: README lists them'],
];

Deno.test("the sources of this checkout keep every rule", async () => {
  assertEquals(await checkTree(ROOT), []);
});

Deno.test("check_imports.ts exits 1 and names every planted violation with file and line", async () => {
  const copy = await Deno.makeTempDir({ prefix: "mypaas-imports-" });
  try {
    for (const { path, text } of await readSources(ROOT)) await write(`${copy}/${path}`, text);
    await Deno.copyFile(`${ROOT}/deno.json`, `${copy}/deno.json`);
    for (const [path, text] of PLANTED) await write(`${copy}/${path}`, text);

    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-config", "--no-lock", `--allow-read=${copy}`, `${copy}/scripts/check_imports.ts`],
    }).output();
    const lines = new TextDecoder().decode(stderr).trim().split("\n");
    for (const [path, , line, words] of PLANTED) {
      const named = lines.filter((text) => text.startsWith(`${path}:`));
      assertEquals(named.length, 1, `${path}: ${named.join("; ") || "not named"}`);
      assertStringIncludes(named[0] ?? "", words);
      assertStringIncludes(named[0] ?? "", `${path}:${line}: `);
    }
    assertEquals(lines.length, PLANTED.length);
    assertEquals(code, 1);
  } finally {
    await Deno.remove(copy, { recursive: true });
  }
});

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await Deno.writeTextFile(path, text);
}

Deno.test("checkFile() lets adapters use effects and import the programs' interfaces as types", () => {
  assertEquals(
    faults(
      "src/host/files.ts",
      'import type { ClientFiles } from "../client/servers.ts";\nimport "node:fs";\nDeno.cwd();',
    ),
    [],
  );
  assertEquals(faults("main.ts", 'import { run } from "./src/docker/client.ts";\nDeno.exit(0);'), []);
});

Deno.test("checkFile() does not take words in strings, comments and templates for code", () => {
  assertEquals(
    faults(
      "src/wire/x.ts",
      [
        '// Deno.exit(), setTimeout, "as any"',
        'const a = "Deno.exit() in a string: any";',
        "const b = `setTimeout ${a} Deno.cwd()`;",
        'const c = /["`] Deno.x/.test(b) && 4 / 2 / 1;',
        "/** import x from '../cli/y.ts' */",
        'import * as v from "valibot";',
        'import { STATUS_CODE } from "@std/http/status";',
      ].join("\n"),
    ),
    [],
  );
});

Deno.test("checkFile() finds effects inside the code of a template", () => {
  assertEquals(faults("src/wire/x.ts", "const a = `x ${{ b: `${Deno.pid}` }} Deno.cwd()`;").length, 1);
});

Deno.test("maskCode() keeps every character's place", () => {
  const source = "const é = '𝒳 //';\n/* a\nb */ x = `t${1 + `u`}v`; // end";
  const masked = maskCode(source);
  assertEquals(masked.length, source.length);
  assertEquals(masked, "const é = '     ';\n    \n     x = ` ${1 + ` `} `;       ");
});
