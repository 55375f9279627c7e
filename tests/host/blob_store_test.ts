import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { blobFolder } from "../../src/host/blob_store.ts";
import { sha256 } from "../../src/host/hash.ts";
import { within } from "../../src/wait.ts";
import { plant, run, tempFolder } from "./temp_folder.ts";

const CONTENT = new TextEncoder().encode("hello");
const DIGEST = sha256(CONTENT);
const BLOB = { digest: DIGEST, content: CONTENT };
const CHUNK = { digest: DIGEST, size: CONTENT.length };
const PATH = `web/${DIGEST.slice(0, 2)}/${DIGEST}`;

Deno.test("blobFolder() gives back what was put, to that service only", async () => {
  await using folder = await tempFolder();
  const blobs = blobFolder(folder.path);
  assertEquals(await blobs.lacking("web", [DIGEST]), [DIGEST]);
  await Promise.all([blobs.put("web", [BLOB]), blobs.put("web", [BLOB, BLOB])]);
  assertEquals(await blobs.lacking("web", [DIGEST, sha256("")]), [sha256("")]);
  assertEquals(await blobs.lacking("other", [DIGEST]), [DIGEST]);
  assertEquals(await blobs.read("web", CHUNK), CONTENT);
  const inside = [...Deno.readDirSync(`${folder.path}/web/${DIGEST.slice(0, 2)}`)].map(({ name }) => name);
  assertEquals(inside, [DIGEST]);
  assertEquals(((await Deno.stat(`${folder.path}/${PATH}`)).mode ?? 0) & 0o777, 0o600);
  await blobs.put("web", [{ digest: sha256(""), content: new Uint8Array() }]);
  assertEquals(await blobs.read("web", { digest: sha256(""), size: 0 }), new Uint8Array());
});

Deno.test("blobFolder() lacks what is no file, and puts the file in its place", async () => {
  await using folder = await tempFolder();
  const blobs = blobFolder(folder.path);
  await plant(folder.path, { [PATH]: { link: "/etc/passwd" } });
  assertEquals(await blobs.lacking("web", [DIGEST]), [DIGEST]);
  await blobs.put("web", [BLOB]);
  assertEquals(await blobs.read("web", CHUNK), CONTENT);
});

Deno.test("blobFolder() counts what was asked for as used now", async () => {
  await using folder = await tempFolder();
  const blobs = blobFolder(folder.path);
  await blobs.put("web", [BLOB]);
  await Deno.utime(`${folder.path}/${PATH}`, 1000, 1000);
  assertEquals(await blobs.lacking("web", [DIGEST]), []);
  const { mtime } = await Deno.stat(`${folder.path}/${PATH}`);
  assertLess(Math.abs(Date.now() - (mtime?.getTime() ?? 0)), 10_000);
});

Deno.test("blobFolder() leaves nothing half-written when a chunk of a batch cannot be stored", async () => {
  await using folder = await tempFolder();
  const blobs = blobFolder(folder.path);
  const other = { digest: sha256("x"), content: new TextEncoder().encode("x") };
  // A folder in the place of the second one.
  await plant(folder.path, { [`web/${other.digest.slice(0, 2)}/${other.digest}/y`]: "" });
  await assertRejects(() => blobs.put("web", [BLOB, other]), Error);
  assertEquals(await blobs.lacking("web", [other.digest]), [other.digest]);
  const names = (start: string) => [...Deno.readDirSync(`${folder.path}/web/${start}`)].map(({ name }) => name);
  assertEquals(names(other.digest.slice(0, 2)), [other.digest]);
  assertEquals(names(DIGEST.slice(0, 2)), [DIGEST]);
});

Deno.test("blobFolder() reads nothing but a regular file with the right content", async () => {
  const cases: readonly [string, string | { link?: string } | "fifo", string][] = [
    ["a link", { link: "/etc/passwd" }, "it is a link"],
    ["a link to the right content", { link: "right" }, "it is a link"],
    ["a folder", {}, "it is not a regular file"],
    ["a pipe", "fifo", "it is not a regular file"],
    ["more bytes", "hello!", "it has 6 bytes, not 5"],
    ["other bytes", "jello", "its content is not what its name says"],
  ];
  for (const [name, planted, problem] of cases) {
    await using folder = await tempFolder();
    await plant(folder.path, { [PATH.replace(/[^/]*$/, "right")]: "hello" });
    if (planted === "fifo") await run("mkfifo", `${folder.path}/${PATH}`);
    else await plant(folder.path, { [PATH]: planted });
    const reading = within(blobFolder(folder.path).read("web", CHUNK), { what: `${name} is refused`, timeoutMs: 5000 });
    const error = await assertRejects(() => reading, MyPaasError, problem);
    assert(error.message.includes(DIGEST), name);
  }
});

Deno.test("blobFolder() reads nothing that belongs to somebody else, where a link of a folder leads, and nothing below a file", async () => {
  await using folder = await tempFolder();
  const [own, half] = [`own/web/${DIGEST.slice(0, 2)}`, `spool/half/${DIGEST.slice(0, 2)}`];
  await plant(folder.path, {
    [`${own}/${DIGEST}`]: "hello",
    "spool/web": { link: "../own/web" },
    [half]: { link: `../../${own}` },
    "spool/flat": "hello",
  });
  const blobs = blobFolder(`${folder.path}/spool`);
  await assertRejects(() => blobs.read("flat", CHUNK), MyPaasError, "it is not a regular file");
  assertEquals(await blobs.read("web", CHUNK), CONTENT);
  await Deno.chown(`${folder.path}/${own}/${DIGEST}`, 65533, 65533);
  for (const service of ["web", "half"]) {
    await assertRejects(() => blobs.read(service, CHUNK), MyPaasError, "it belongs to somebody else");
  }
});

Deno.test("blobFolder() says that a chunk is missing", async () => {
  await using folder = await tempFolder();
  await assertRejects(() => blobFolder(folder.path).read("web", CHUNK), MyPaasError, "it is not there");
});

Deno.test("blobFolder() makes no path of a name that is not one", async () => {
  await using folder = await tempFolder();
  const blobs = blobFolder(`${folder.path}/spool`);
  for (const service of ["..", "a/b", "", "-a", "A"]) {
    await assertRejects(() => blobs.lacking(service, [DIGEST]), MyPaasError, "it is no name of a service");
  }
  for (const digest of ["../../x", DIGEST.toUpperCase(), DIGEST.slice(1), `${DIGEST}/..`]) {
    await assertRejects(() => blobs.put("web", [{ digest, content: CONTENT }]), MyPaasError, "it is no SHA-256");
    await assertRejects(async () => await blobs.read("web", { digest, size: 1 }), MyPaasError, "it is no SHA-256");
  }
  assertEquals([...Deno.readDirSync(folder.path)], []);
});
