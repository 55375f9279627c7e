import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startContainer, stopContainer } from "./engine.ts";
import { type Ran, sharedServer, succeeded } from "./lab.ts";
import type { AppProject } from "./project.ts";

const MIB = 2 ** 20;
const HOUR_MS = 60 * 60 * 1000;

const server = sharedServer({ diskSize: "200m" });

Deno.test.beforeAll(async () => {
  succeeded(await server().init("--max-context", "40m", "--spool-size", "64m"));
  succeeded(await server().push(project("steady")));
});

function project(name: string, text = name): AppProject {
  return { name, options: { domain: `${name}.test` }, app: { TEXT: text } };
}

/** Pushes a project with so many bytes that do not compress, other ones each time. */
async function pushNoise(name: string, text: string, bytes: number, ...flags: string[]): Promise<Ran> {
  const dockerfile = await server().project(project(name, text));
  using file = await Deno.open(dockerfile.replace(/[^/]*$/, "noise"), { write: true, create: true, truncate: true });
  for (let left = bytes; left > 0; left -= 64 << 10) {
    await file.write(crypto.getRandomValues(new Uint8Array(Math.min(left, 64 << 10))));
  }
  return await server().client(["push", "lab", dockerfile, ...flags]);
}

/** The files that the spool has of a service. */
async function stored(service: string): Promise<readonly string[]> {
  const root = `${server().layout.spool}/${service}`;
  const folders = await Array.fromAsync(Deno.readDir(root));
  const files = folders.map(async ({ name }) =>
    (await Array.fromAsync(Deno.readDir(`${root}/${name}`))).map((file) => `${root}/${name}/${file.name}`)
  );
  return (await Promise.all(files)).flat().sort();
}

/** Makes files look as if nobody had used them for two days. */
async function age(files: readonly string[]): Promise<void> {
  const then = (Date.now() - 48 * HOUR_MS) / 1000;
  await Promise.all(files.map((file) => Deno.utime(file, then, then)));
}

/** A receiver that has just started looks at the spool as soon as there is no room. */
async function restartReceiver(): Promise<void> {
  await stopContainer(server().names.receiver);
  await startContainer(server().names.receiver);
}

function told({ stderr }: Ran): string {
  return stderr.split("\n").filter((line) => /^(error|hint):/.test(line)).join(" ");
}

Deno.test("a push that is too large is refused before anything of it is sent", async () => {
  const ran = await pushNoise("large", "large", 41 * MIB);
  assertEquals(ran.code, 2, ran.stderr);
  assertMatch(
    told(ran),
    /^error: Cannot push "large": what is sent for it has 4\d\.?\d? MiB, and a push may have 40 MiB hint: /,
  );
  assertStringIncludes(told(ran), ".dockerignore");
  assertEquals(await stored("large").catch(() => []), []);
});

Deno.test("on a full disk a push is refused with a sentence, what runs runs on, and the push works when there is space", async () => {
  await server().disk.fill();
  try {
    const ran = await pushNoise("filled", "filled", MIB);
    assertEquals(ran.code, 1, ran.stderr);
    assertMatch(told(ran), /^error: Cannot [^:]+: the disk is full hint: {2}Free some space on the server: df -h\./);
    assertEquals((await server().get("steady.test")).text, "steady");
  } finally {
    await server().disk.empty();
  }
  succeeded(await pushNoise("filled", "filled", MIB));
  assertEquals((await server().get("filled.test")).text, "filled");
});

Deno.test("when the spool is full, blobs of old releases make room; those of what runs stay, and so does rollback", async () => {
  succeeded(await pushNoise("web", "one", 20 * MIB));
  const first = await stored("web");
  succeeded(await pushNoise("web", "two", 20 * MIB));
  const second = (await stored("web")).filter((file) => !first.includes(file));
  await age(await stored("web"));
  await restartReceiver();
  succeeded(await pushNoise("web", "three", 20 * MIB));
  const left = new Set(await stored("web"));
  assert(first.some((file) => !left.has(file)), "the first release's blobs make room");
  assertEquals(second.filter((file) => !left.has(file)), []);
  assertEquals((await server().get("web.test")).text, "three");
  succeeded(await server().run(["rollback", "web", "1"]));
  assertEquals((await server().get("web.test")).text, "one");
});

Deno.test("an upload that finds no room is refused with a sentence, and nothing that is needed goes", async () => {
  const before = await stored("steady");
  await age(before);
  const ran = await pushNoise("more", "more", 33 * MIB);
  assertEquals(ran.code, 1, ran.stderr);
  assertStringIncludes(
    told(ran),
    "error: Cannot store what was sent: pushes take 64 MiB already, which is all they may",
  );
  assertEquals(await stored("steady"), before);
  assertEquals((await server().get("steady.test")).text, "steady");
});
