import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { type IgnoreRules, parseIgnore } from "../../src/archive/ignore.ts";
import { UsageError } from "../../src/error.ts";

/** Verdicts of the docker command 20.10 with the classic builder; tests/engine/context_test.ts asks it itself. */
const DOCKER_SAYS: readonly { ignore: string; ignored: readonly string[]; kept: readonly string[] }[] = [
  {
    ignore: "node_modules\n*.log",
    ignored: ["node_modules", "node_modules/a", "a.log"],
    kept: ["src", "src/node_modules", "src/b.log"],
  },
  {
    ignore: "**/node_modules\n**/*.log",
    ignored: ["node_modules", "node_modules/a", "src/node_modules", "src/node_modules/x", "a.log", "src/b.log"],
    kept: ["src"],
  },
  {
    ignore: "*\n!src\n!package.json",
    ignored: ["a", "lib", "lib/package.json"],
    kept: ["src", "src/a", "src/a/b", "package.json"],
  },
  {
    ignore: "docs\n!docs/README.md",
    ignored: ["docs", "docs/a.md", "docs/sub", "docs/sub/README.md"],
    kept: ["docs/README.md"],
  },
  {
    ignore: "docs/**\n!docs/**/*.md",
    ignored: ["docs/a.txt", "docs/sub", "docs/sub/b.md"],
    kept: ["docs", "docs/a.md"],
  },
  {
    ignore: "# a comment\n #not\n\n  b  \r\nc/\r\n/d\n./e/../f",
    ignored: ["#not", "b", "c", "c/x", "d", "f"],
    kept: ["# a comment", "e", "x", "x/d"],
  },
  { ignore: "foo\n!foo/bar\nf*", ignored: ["foo", "foo/a", "fa", "foo/bar"], kept: [] },
  { ignore: "!foo\nfoo", ignored: ["foo", "foo/a"], kept: [] },
  { ignore: "foo/sub\n!foo", ignored: [], kept: ["foo", "foo/a", "foo/sub", "foo/sub/x"] },
  { ignore: "**", ignored: ["a", "a/b"], kept: [] },
  { ignore: "**/", ignored: ["a", "a/b"], kept: [] },
  { ignore: "foo**", ignored: ["foo", "foobar", "foo/x"], kept: ["x/foo"] },
  { ignore: "**foo", ignored: ["foo", "a/foo", "a/foo/b"], kept: ["foox", "xfoo", "a/xfoo"] },
  { ignore: "a/**/b", ignored: ["a/b", "a/x/b", "a/x/y/b"], kept: ["a", "a/x", "a/x/y", "b"] },
  { ignore: "a**b", ignored: ["ab", "a/b", "a/x/b"], kept: ["a", "a/xb", "a/x"] },
  { ignore: "?.md\n[a-c]?x", ignored: ["a.md", "aax", "bax"], kept: ["ab.md", "/.md", "daz"] },
  { ignore: "foo[^a]bar", ignored: ["fooxbar", "foo/bar"], kept: ["fooabar", "foo"] },
  { ignore: "\\*.txt\n\\!x", ignored: ["*.txt", "!x"], kept: ["a.txt", "x"] },
  { ignore: ".", ignored: [], kept: ["a", "a/b"] },
  { ignore: "..\n../a", ignored: [], kept: ["a"] },
  { ignore: "/", ignored: [], kept: ["a"] },
  { ignore: "a.b\na+b?", ignored: ["a.b", "aabc"], kept: ["axb", "a+bc"] },
  { ignore: "x^y\n+z\n[[:digit:]]\n\\d0", ignored: ["z", "7", "70"], kept: ["x^y", "xy", "+z", "d0"] },
  {
    ignore: "*/temp*\n*/*/temp*",
    ignored: ["a/temp1", "a/b/temp2"],
    kept: ["temp1", "a", "a/b", "a/b/c", "a/b/c/temp3"],
  },
  {
    ignore: "*.md\n!README*.md\nREADME-secret.md",
    ignored: ["a.md", "README-secret.md"],
    kept: ["README.md", "README-x.md", "sub", "sub/a.md"],
  },
  { ignore: "é?", ignored: ["é😀", "éa"], kept: ["é", "éab"] },
  { ignore: "\uFEFFfoo", ignored: ["foo"], kept: [] },
  { ignore: "!!foo\nfoo\n!!bar", ignored: ["foo"], kept: ["!foo", "bar"] },
];

/** Whether a walk through the folders leaves a path out. */
function isLeftOut(rules: IgnoreRules, path: string): boolean {
  const parts = path.split("/");
  const above = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
  return above.some((folder) => rules.isIgnored(folder) && !rules.looksInto(folder)) || rules.isIgnored(path);
}

Deno.test("parseIgnore() judges every path as Docker does", () => {
  for (const { ignore, ignored, kept } of DOCKER_SAYS) {
    const rules = parseIgnore(ignore);
    const verdicts = [...ignored, ...kept].filter((path) => isLeftOut(rules, path));
    assertEquals(verdicts, [...ignored], `.dockerignore ${JSON.stringify(ignore)}`);
  }
});

Deno.test("parseIgnore() refuses a malformed pattern and names file and line", () => {
  for (
    const pattern of ["!", "!/", "[", "a[", "a[]b", "a\\", "[a-", "[-a]", "[b-a]", "\\y", "[[:none:]]", "a(", "b++"]
  ) {
    const error = assertThrows(() => parseIgnore(`ok\n${pattern}\n`, "web.dockerignore"), UsageError);
    assert(error.message.startsWith('Cannot read "web.dockerignore": line 2, '), error.message);
  }
});

Deno.test("looksInto() is true where a `!` line begins with the folder as it is written", () => {
  const into = (ignore: string, folder: string) => parseIgnore(ignore).looksInto(folder);
  assertFalse(into("node_modules", "node_modules"));
  assertFalse(into("*\n!src", "node_modules"));
  assert(into("*\n!a/b/c", "a"));
  assert(into("*\n!a/b/c", "a/b"));
  assert(into("*\n!a/**", "a"));
  // Docker 20.10 does not look further; BuildKit of later ones does.
  assertFalse(into("*\n!**/*.md", "docs"));
  assertFalse(into("*\n!*/b", "a"));
});

Deno.test("keeping() adds a line that keeps a path", () => {
  const rules = parseIgnore("docker\n.dockerignore").keeping("docker/Dockerfile");
  assertEquals(["docker", "docker/Dockerfile", ".dockerignore"].map(rules.isIgnored), [true, false, true]);
  assert(rules.looksInto("docker"));
});

Deno.test("parseIgnore() takes an escaped bracket wherever it stands", () => {
  for (const pattern of ["\\[x\\]", "in it/\\[x\\]", "a\\["]) {
    assertEquals(parseIgnore(pattern).isIgnored("other"), false, pattern);
  }
  assertEquals(parseIgnore("in it/\\[x\\]").isIgnored("in it/[x]"), true);
});
