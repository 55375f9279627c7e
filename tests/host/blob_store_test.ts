import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { blobFolder } from "../../src/host/blob_store.ts";
import { sha256 } from "../../src/host/hash.ts";
import { within } from "../../src/wait.ts";
import { plant, run, tempFolder } from "./temp_folder.ts";

const CONTENT = new TextEncoder().encode("hello");
const DIGEST = sha256(CONTENT);
const CHUNK = { digest: DIGEST, size: CONTENT.length };
const PATH = `web/${DIGEST.slice(0, 2)}/${DIGEST}`;

Deno.test("blobFolder() gives back what was put, to that service only", async () => {
  await using folder = await tempFolder();
  const blobs = blobFolder(folder.path);
  assertFalse(await blobs.has("web", DIGEST));
  await Promise.all([blobs.put("web", DIGEST, CONTENT), blobs.put("web", DIGEST, CONTENT)]);
  assert(await blobs.has("web", DIGEST));
  assertFalse(await blobs.has("other", DIGEST));
  assertEquals(await blobs.read("web", CHUNK), CONTENT);
  const inside = [...Deno.readDirSync(`${folder.path}/web/${DIGEST.slice(0, 2)}`)].map(({ name }) => name);
  assertEquals(inside, [DIGEST]);
  assertEquals(((await Deno.stat(`${folder.path}/${PATH}`)).mode ?? 0) & 0o777, 0o600);
  await blobs.put("web", sha256(""), new Uint8Array());
  assertEquals(await blobs.read("web", { digest: sha256(""), size: 0 }), new Uint8Array());
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
    await assertRejects(() => blobs.has(service, DIGEST), MyPaasError, "it is no name of a service");
  }
  for (const digest of ["../../x", DIGEST.toUpperCase(), DIGEST.slice(1), `${DIGEST}/..`]) {
    await assertRejects(() => blobs.put("web", digest, CONTENT), MyPaasError, "it is no SHA-256");
    await assertRejects(async () => await blobs.read("web", { digest, size: 1 }), MyPaasError, "it is no SHA-256");
  }
  assertEquals([...Deno.readDirSync(folder.path)], []);
});
