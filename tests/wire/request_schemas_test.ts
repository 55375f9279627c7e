import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { MAX_CHUNK_BYTES, MAX_ENTRIES, MAX_MISSING_DIGESTS, MAX_PATH_BYTES } from "../../src/wire/limits.ts";
import type { ManifestEntry } from "../../src/wire/manifest.ts";
import { parseDeployMessage } from "../../src/wire/manifest_difference.ts";
import {
  parseInviteRequest,
  parseLoginRequest,
  parseManifest,
  parseMissingRequest,
  parseServiceName,
} from "../../src/wire/request_schemas.ts";
import { parseJson } from "../../src/wire/validate.ts";
import type { DeployRequest } from "../../src/wire/requests.ts";

const DIGEST = "0123456789abcdef".repeat(4);

function file(path: string, ...sizes: number[]): ManifestEntry {
  const size = sizes.reduce((sum, part) => sum + part, 0);
  return { type: "file", path, mode: 0o644, size, chunks: sizes.map((size) => ({ digest: DIGEST, size })) };
}
const dir = (path: string): ManifestEntry => ({ type: "dir", path, mode: 0o755 });
const link = (path: string, target = "elsewhere"): ManifestEntry => ({ type: "link", path, target });

const DEPLOY: DeployRequest = {
  service: "blog",
  dockerfile: "Dockerfile",
  manifest: { entries: [file("Dockerfile", 10), dir("empty"), link("link"), dir("src"), file("src/a.js", 5, 6)] },
  force: false,
  dryRun: true,
};

function says(parse: () => unknown, sentence: string): void {
  assertEquals(assertThrows(parse, UsageError).message, sentence);
}

/** What `parseManifest` says about entries, after "Cannot read the manifest: ". */
function faultOf(...entries: unknown[]): string {
  const { message } = assertThrows(() => parseManifest({ entries }), UsageError);
  assertEquals(message.slice(0, 26), "Cannot read the manifest: ");
  return message.slice(26);
}

Deno.test("parseDeployMessage() gives back a good request", () => {
  assertEquals(parseDeployMessage(JSON.parse(JSON.stringify(DEPLOY))), DEPLOY);
});

Deno.test("parseDeployMessage() names the field and what is allowed", () => {
  const says1 = (change: object, fault: string) =>
    says(() => parseDeployMessage({ ...DEPLOY, ...change }), `Cannot read the deploy request: ${fault}`);
  says1({ service: "Blog" }, '"service" must be the name of a service, not "Blog"');
  says1({ service: "mypaas-x" }, '"service" must be the name of a service, not "mypaas-x"');
  says1({ service: 1 }, '"service" must be a text');
  says1({ force: "yes" }, '"force" must be true or false');
  says1({ force: undefined }, '"force" is missing');
  says1({ manifest: {} }, '"manifest.entries" is missing');
  says1({ manifest: "x" }, '"manifest" must be an object');
  says1({ manifest: { entries: {} } }, '"manifest.entries" must be a list');
  says1(
    { manifest: { entries: [dir("a"), { type: "pipe" }] } },
    '"manifest.entries[1].type" must be "file" or "dir" or "link"',
  );
  says1({ dockerfile: "../Dockerfile" }, '"dockerfile" must have no part "..": "../Dockerfile"');
  says1({ dockerfile: "src" }, '"dockerfile" must be a file of the manifest, not "src"');
  says1({ dockerfile: "link" }, '"dockerfile" must be a file of the manifest, not "link"');
  says1({ later: true }, '"later" is not known here');
  says(() => parseDeployMessage("x"), "Cannot read the deploy request: it must be an object");
  says(() => parseDeployMessage(undefined), "Cannot read the deploy request: it is missing");
});

Deno.test("parseDeployMessage() takes a difference in place of the manifest", () => {
  const { manifest: _, ...common } = DEPLOY;
  const difference = { base: DIGEST, digest: DIGEST, removed: ["a"], changed: [file("b", 5), dir("c"), link("d")] };
  const request = { ...common, difference };
  assertEquals(parseDeployMessage(JSON.parse(JSON.stringify(request))), request);
  const says1 = (change: object, fault: string) =>
    says(
      () => parseDeployMessage({ ...common, difference: { ...difference, ...change } }),
      `Cannot read the deploy request: ${fault}`,
    );
  says1({ base: "x" }, '"difference.base" must be 64 lower-case hex digits');
  says1({ digest: undefined }, '"difference.digest" is missing');
  says1({ removed: ["../a"] }, '"difference.removed[0]" must have no part "..": "../a"');
  says1({ changed: [{ type: "pipe" }] }, '"difference.changed[0].type" must be "file" or "dir" or "link"');
  says1({ removed: Array(MAX_ENTRIES + 1).fill("a") }, '"difference.removed" must have at most 100000 entries');
  says1({ more: 1 }, '"difference.more" is not known here');
  says(
    () => parseDeployMessage({ ...request, manifest: DEPLOY.manifest }),
    'Cannot read the deploy request: "manifest" is not known here',
  );
});

Deno.test("parseManifest() takes what a Linux folder can have", () => {
  const entries = [
    file(".dockerignore"),
    dir("a"),
    link("a-"),
    file("a-b", MAX_CHUNK_BYTES, 1),
    file("a/..x", 1),
    file("a\\..\\b"),
    file(`${"d/".repeat(2000)}f`),
    file("dir/without entry"),
    link("l", "../../etc/passwd"),
    { ...file("set"), mode: 0o7777 },
    file("ü\n"),
    file("\u{1f600}"),
    file("\uff5e"),
  ];
  assertEquals(parseManifest({ entries }), { entries } as unknown as ReturnType<typeof parseManifest>);
  assertEquals(parseManifest({ entries: [] }), { entries: [] });
});

const badPaths: readonly (readonly [string, string])[] = [
  ["", "must not be empty"],
  ["/etc/passwd", "must be relative"],
  ["a//b", "must have no empty part"],
  ["a/", "must have no empty part"],
  [".", 'must have no part "."'],
  ["a/./b", 'must have no part "."'],
  ["..", 'must have no part ".."'],
  ["a/../b", 'must have no part ".."'],
  ["a/..", 'must have no part ".."'],
  ["a\0b", "must have no NUL character"],
  ["a\ud800", "must be Unicode that UTF-8 can write"],
];
for (const [path, fault] of badPaths) {
  Deno.test(`parseManifest() refuses the path ${JSON.stringify(path)}`, () => {
    assertEquals(faultOf(file(path)), `"entries[0].path" ${fault}: ${JSON.stringify(path)}`);
  });
}

Deno.test("parseManifest() counts a path in UTF-8 bytes", () => {
  parseManifest({ entries: [file("ü".repeat(MAX_PATH_BYTES / 2))] });
  const long = "ü".repeat(MAX_PATH_BYTES / 2) + "x";
  assertEquals(faultOf(file(long)), `"entries[0].path" must be at most 4096 bytes: "${"ü".repeat(100)}..."`);
});

Deno.test("parseManifest() refuses bad modes, sizes, digests and targets", () => {
  assertEquals(faultOf({ ...file("a"), mode: 0o10000 }), '"entries[0].mode" must be a whole number from 0 to 4095');
  assertEquals(faultOf({ ...file("a"), mode: 1.5 }), '"entries[0].mode" must be a whole number from 0 to 4095');
  assertEquals(
    faultOf({ ...file("a"), size: -1 }),
    '"entries[0].size" must be a whole number from 0 to 9007199254740991',
  );
  const size = '"entries[0].chunks[1].size" must be a whole number from 1 to 1048576';
  assertEquals(faultOf(file("a", 1, MAX_CHUNK_BYTES + 1)), size);
  assertEquals(faultOf(file("a", 1, 0)), size);
  const badDigest = { ...file("a"), size: 1, chunks: [{ digest: DIGEST.toUpperCase(), size: 1 }] };
  assertEquals(faultOf(badDigest), '"entries[0].chunks[0].digest" must be 64 lower-case hex digits');
  assertEquals(faultOf(link("a", "")), '"entries[0].target" must not be empty: ""');
  assertEquals(faultOf(link("a", "b\0")), '"entries[0].target" must have no NUL character: "b\\u0000"');
  assertEquals(faultOf({ ...link("a"), mode: 0 }), '"entries[0].mode" is not known here');
});

Deno.test("parseManifest() refuses chunks that are not as long as the file", () => {
  assertEquals(faultOf({ ...file("a", 5), size: 6 }), '"entries[0]" ("a") has 5 bytes of chunks, its size is 6');
  assertEquals(faultOf({ ...file("a"), size: 1 }), '"entries[0]" ("a") has 0 bytes of chunks, its size is 1');
});

Deno.test("parseManifest() refuses entries that are not in order, or twice", () => {
  assertEquals(faultOf(file("b"), file("a")), '"entries[1]" ("a") must come before "b"');
  assertEquals(faultOf(dir("a"), file("a/b"), file("a-b")), '"entries[2]" ("a-b") must come before "a/b"');
  assertEquals(faultOf(dir("a"), file("a")), '"entries[1]" ("a") is there twice');
  assertEquals(faultOf(file("\uff5e"), file("\u{1f600}")).slice(0, 12), '"entries[1]"');
});

Deno.test("parseManifest() refuses what lies below a link or a file", () => {
  assertEquals(faultOf(link("a"), file("a/b")), '"entries[1]" ("a/b") lies below "a", which is no folder');
  assertEquals(faultOf(file("a"), dir("a/b")), '"entries[1]" ("a/b") lies below "a", which is no folder');
  assertEquals(
    faultOf(link("a"), file("a-b"), file("a-b-c"), dir("a-c"), file("a/b")),
    '"entries[4]" ("a/b") lies below "a", which is no folder',
  );
  assertEquals(
    faultOf(dir("a"), link("a/b"), file("a/b-c"), file("a/b/c/d")),
    '"entries[3]" ("a/b/c/d") lies below "a/b", which is no folder',
  );
});

Deno.test("parseManifest() takes 100,000 entries and not one more", () => {
  const many = Array.from({ length: MAX_ENTRIES }, (_, i) => dir(String(i).padStart(6, "0")));
  assertEquals(parseManifest({ entries: many }).entries.length, MAX_ENTRIES);
  assertEquals(faultOf(...many, dir("x")), '"entries" must have at most 100000 entries');
});

Deno.test("parseMissingRequest() takes 20,000 digests and not one more", () => {
  const digests = Array<string>(MAX_MISSING_DIGESTS).fill(DIGEST);
  assertEquals(parseMissingRequest({ digests }), { digests });
  const fault = "Cannot read the list of digests: ";
  says(
    () => parseMissingRequest({ digests: [...digests, DIGEST] }),
    `${fault}"digests" must have at most 20000 digests`,
  );
  says(() => parseMissingRequest({ digests: ["ab"] }), `${fault}"digests[0]" must be 64 lower-case hex digits`);
});

Deno.test("parseLoginRequest() takes bytes of the right length only", () => {
  const login = {
    invite: "0".repeat(16),
    publicKey: "A".repeat(43),
    nonce: "1".repeat(32),
    proof: "2".repeat(64),
    signature: "B".repeat(86),
  };
  assertEquals(parseLoginRequest(login), login);
  const what = "Cannot read the login request: ";
  says(() => parseLoginRequest({ ...login, invite: "x" }), `${what}"invite" must be 16 lower-case hex digits`);
  says(
    () => parseLoginRequest({ ...login, publicKey: "A".repeat(44) }),
    `${what}"publicKey" must be 32 bytes in base64url (43 characters)`,
  );
  says(() => parseLoginRequest({ ...login, nonce: "" }), `${what}"nonce" must be 32 lower-case hex digits`);
  says(() => parseLoginRequest({ ...login, proof: "2" }), `${what}"proof" must be 64 lower-case hex digits`);
  says(
    () => parseLoginRequest({ ...login, signature: "B".repeat(88) }),
    `${what}"signature" must be 64 bytes in base64url (86 characters)`,
  );
  says(() => parseLoginRequest({ ...login, signature: undefined }), `${what}"signature" is missing`);
});

Deno.test("parseInviteRequest() takes names people use, known roles and scopes", () => {
  const invite = { name: "Jürgens laptop 2", role: "deploy", scope: ["*"] };
  assertEquals(parseInviteRequest(invite), invite as ReturnType<typeof parseInviteRequest>);
  const what = "Cannot read the invite request: ";
  const name = `${what}"name" must be 1 to 64 letters, digits, spaces or "._@-", the first a letter or a digit`;
  for (const bad of ["", " x", "a\nb", "\x1b[31m", "x".repeat(65)]) {
    says(() => parseInviteRequest({ ...invite, name: bad }), name);
  }
  says(() => parseInviteRequest({ ...invite, role: "root" }), `${what}"role" must be "deploy" or "admin"`);
  says(() => parseInviteRequest({ ...invite, scope: [] }), `${what}"scope" must name at least one service`);
  says(
    () => parseInviteRequest({ ...invite, scope: ["blog", "b*"] }),
    `${what}"scope[1]" must be "*" or the name of a service, not "b*"`,
  );
});

Deno.test("parseServiceName() says it about a query as well", () => {
  assertEquals(parseServiceName("blog"), "blog");
  says(() => parseServiceName(null), "Cannot read the name of the service: it must be a text");
  says(
    () => parseServiceName("../x"),
    'Cannot read the name of the service: it must be the name of a service, not "../x"',
  );
});

Deno.test("parseJson() refuses what is not JSON in UTF-8", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  assertEquals(parseJson(encode('{"a":1}'), "the request"), { a: 1 });
  for (const body of [encode(""), encode("{"), Uint8Array.of(0x22, 0xff, 0x22)]) {
    says(() => parseJson(body, "the request"), "Cannot read the request: it is not JSON");
  }
});

Deno.test("parseManifest() finds whatever lies below no folder, for every two links in a tree", () => {
  const paths: string[] = [];
  for (const first of ["a", "a-", "a0", "b"]) {
    paths.push(first);
    for (const second of ["", "-", "0"]) paths.push(`${first}/c${second}`, `${first}/c${second}/d`);
  }
  paths.sort();
  for (const outer of paths) {
    for (const inner of paths) {
      const pair = [outer, inner];
      const entries = paths.map((path) => pair.includes(path) ? link(path) : dir(path));
      const isBad = paths.some((path) => pair.some((parent) => path.startsWith(`${parent}/`)));
      if (isBad) faultOf(...entries);
      else parseManifest({ entries });
    }
  }
});
