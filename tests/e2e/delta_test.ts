import { assert, assertEquals } from "@std/assert";
import { sha256 } from "../../src/host/hash.ts";
import { jsonLines, type Ran, sharedServer, succeeded, type TestServer } from "./lab.ts";

const server = sharedServer();

const BIG_BYTES = 20 << 20;

/** A project of 300 small files and one of 20 MiB, which the image has all. */
async function project(server: TestServer, name: string): Promise<string> {
  const instructions = ["COPY files /files"];
  const dockerfile = await server.project({
    name,
    options: { domain: `${name}.test` },
    app: { TEXT: "one" },
    instructions,
  });
  const files = `${folderOf(dockerfile)}/files`;
  await Deno.mkdir(files);
  for (let i = 0; i < 300; i++) await Deno.writeTextFile(`${files}/${i}`, `${name} ${i}`);
  const big = new Uint8Array(BIG_BYTES);
  for (let at = 0; at < big.length; at += 65536) crypto.getRandomValues(big.subarray(at, at + 65536));
  await Deno.writeFile(`${files}/big`, big);
  return dockerfile;
}

function folderOf(dockerfile: string): string {
  return dockerfile.slice(0, dockerfile.lastIndexOf("/"));
}

/** Pushes from a laptop and gives what it sent and how it ended. */
async function pushed(dockerfile: string, laptop?: Record<string, string>) {
  const ran: Ran = succeeded(await server().client(["push", "lab", dockerfile, "--json"], laptop));
  const lines = jsonLines(ran);
  const end = lines.find(({ kind }) => kind === "live");
  return {
    sent: Number(lines.find(({ kind }) => kind === "sent")?.["bytes"]),
    release: end?.["release"],
    alreadyLive: end?.["alreadyLive"],
  };
}

Deno.test("an unchanged push is already live, and sends next to nothing", async () => {
  const dockerfile = await project(server(), "same");
  const first = await pushed(dockerfile);
  assert(first.sent > BIG_BYTES && first.release === 1, JSON.stringify(first));
  const again = await pushed(dockerfile);
  assertEquals([again.release, again.alreadyLive], [1, true]);
  assert(again.sent < 2000, `sent ${again.sent}`);
});

Deno.test("one byte that is put into a large file, and one changed file, cost what is around them", async () => {
  const dockerfile = await project(server(), "byte");
  await pushed(dockerfile);
  const path = `${folderOf(dockerfile)}/files/big`;
  const big = await Deno.readFile(path);
  const middle = BIG_BYTES / 2;
  await Deno.writeFile(path, joined(joined(big.subarray(0, middle), Uint8Array.of(7)), big.subarray(middle)));
  const byte = await pushed(dockerfile);
  assertEquals([byte.release, byte.alreadyLive], [2, false]);
  assert(byte.sent < 3 << 20, `sent ${byte.sent}`);
  await Deno.writeTextFile(`${folderOf(dockerfile)}/files/7`, "changed");
  const file = await pushed(dockerfile);
  assertEquals(file.release, 3);
  assert(file.sent < 5000, `sent ${file.sent}`);
});

Deno.test("a push sends again by itself what was lost on the server: a part, the list of files, both", async () => {
  const dockerfile = await project(server(), "lost");
  await pushed(dockerfile);
  const { layout } = server();
  const digest = sha256("lost 5");
  const part = `${layout.spool}/lost/${digest.slice(0, 2)}/${digest}`;
  const losses = [
    () => Deno.remove(part),
    () => Deno.remove(`${layout.manifests}/lost`, { recursive: true }),
    async () => {
      await Deno.remove(part);
      await Deno.remove(`${layout.manifests}/lost`, { recursive: true });
    },
  ];
  for (const [index, lose] of losses.entries()) {
    await lose();
    await Deno.writeTextFile(`${folderOf(dockerfile)}/files/7`, `changed ${index}`);
    const { release, sent } = await pushed(dockerfile);
    assertEquals(release, index + 2);
    assert(sent < 200_000, `sent ${sent}`);
    assert((await Deno.stat(part)).isFile);
  }
});

Deno.test("two laptops push in turns, each with what it has", async () => {
  const dockerfile = await project(server(), "turns");
  const other = server().laptop("other");
  succeeded(await server().login("lab", await server().invite("other", "admin"), other));
  const change = (text: string) => Deno.writeTextFile(`${folderOf(dockerfile)}/files/7`, text);
  await pushed(dockerfile);
  await change("from the other");
  // It has never pushed, so it asks for everything, and sends the file that the server lacks.
  const second = await pushed(dockerfile, other);
  assertEquals(second.release, 2);
  assert(second.sent < 200_000, `sent ${second.sent}`);
  await change("from the first");
  const third = await pushed(dockerfile);
  assertEquals(third.release, 3);
  assert(third.sent < 5000, `sent ${third.sent}`);
  await change("from the other");
  const fourth = await pushed(dockerfile, other);
  assertEquals([fourth.release, fourth.alreadyLive], [4, false]);
  assert(fourth.sent < 5000, `sent ${fourth.sent}`);
});

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
