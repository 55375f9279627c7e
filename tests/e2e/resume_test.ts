// Pushes whose connection is cut, by a proxy between laptop and server that lets an exact number of bytes through.
import { assert, assertEquals, assertLess } from "@std/assert";
import { CuttingProxy, laptopBehind } from "./cutting_proxy.ts";
import { restartContainer } from "./engine.ts";
import { jsonLines, MYPAAS, type Ran, sharedServer, succeeded } from "./lab.ts";

/** Bytes of a project that do not compress: so many PUTs that some are over when the others are cut. */
const PROJECT_BYTES = 48 << 20;
/** What two PUTs at a time may have on their way when they are cut. */
const ON_THE_WAY = 16 << 20;

const server = sharedServer();

/** A laptop behind a proxy. */
interface Far extends AsyncDisposable {
  readonly proxy: CuttingProxy;
  readonly laptop: Readonly<Record<string, string>>;
  readonly push: (dockerfile: string, ...flags: readonly string[]) => Promise<Ran>;
}

async function far(name: string): Promise<Far> {
  const proxy = new CuttingProxy(server().httpsPort);
  const laptop = await laptopBehind(proxy, server(), name);
  return {
    proxy,
    laptop,
    push: (dockerfile, ...flags) => server().client(["push", "lab", dockerfile, "--json", ...flags], laptop),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}

/** A project with files of 64 KiB and one of half of it all; nothing of it is in the image. */
async function project(name: string): Promise<string> {
  const dockerfile = await server().project({ name, options: { domain: `${name}.test` }, app: { TEXT: name } });
  const folder = dockerfile.slice(0, dockerfile.lastIndexOf("/"));
  const small = 64 << 10;
  for (let i = 0; i < PROJECT_BYTES / 2 / small; i++) await Deno.writeFile(`${folder}/${i}`, noise(small));
  await Deno.writeFile(`${folder}/big`, noise(PROJECT_BYTES / 2));
  return dockerfile;
}

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}

function kinds(ran: Ran): readonly unknown[] {
  return jsonLines(ran).map(({ kind }) => kind);
}

async function releases(name: string): Promise<number> {
  return jsonLines(succeeded(await server().run(["history", name, "--json"]))).length;
}

Deno.test("a push that is cut, once or often, goes on by itself and says so, and what has arrived is not sent again", async () => {
  await using here = await far("cut");
  const { proxy, push } = here;
  for (const cuts of [1, 8]) {
    const name = `cut-${cuts}`;
    const dockerfile = await project(name);
    const positions = Array.from({ length: cuts }, () => Math.floor(Math.random() * PROJECT_BYTES));
    proxy.taken();
    proxy.cutAt("up", positions);
    const ran = succeeded(await push(dockerfile));
    assertEquals(proxy.cutsLeft, 0);
    const { up } = proxy.taken();
    const told = `cut at ${positions}, sent ${up}`;
    assert(kinds(ran).includes("retry"), told);
    assertLess(up, PROJECT_BYTES * 1.05 + cuts * ON_THE_WAY / 2, told);
    assertEquals((await server().get(`${name}.test`)).text, name);
    assertEquals(await releases(name), 1, told);
  }
});

Deno.test("a deploy whose request or answer is cut at any byte is made once", async () => {
  await using here = await far("deploy");
  const { proxy, push } = here;
  const dockerfile = await server().project({ name: "once", options: { domain: "once.test" }, app: { TEXT: "once" } });
  succeeded(await push(dockerfile));
  proxy.taken();
  succeeded(await push(dockerfile, "--force"));
  const whole = proxy.taken();
  for (const direction of ["up", "down", "down"] as const) {
    const before = await releases("once");
    const position = Math.floor(Math.random() * whole[direction]);
    proxy.cutAt(direction, [position]);
    const ran = await push(dockerfile, "--force");
    assertEquals(ran.code, 0, `${direction} cut at ${position}: ${ran.stdout}${ran.stderr}`);
    assertEquals(proxy.cutsLeft, 0);
    proxy.taken();
    assertEquals(await releases("once"), before + 1, `${direction} cut at ${position}`);
  }
});

Deno.test("a push goes on when the receiver is started again meanwhile", async () => {
  await using here = await far("receiver");
  const { proxy, push } = here;
  const dockerfile = await project("again");
  proxy.taken();
  const pushing = push(dockerfile);
  await proxy.whenSent(PROJECT_BYTES / 4, () => restartContainer(server().names.receiver));
  const ran = succeeded(await pushing);
  const { up } = proxy.taken();
  assert(kinds(ran).includes("retry"));
  assertLess(up, PROJECT_BYTES * 1.05 + 2 * ON_THE_WAY);
});

Deno.test("after a push that was killed, the next one sends what did not arrive", async () => {
  await using here = await far("client");
  const { proxy, laptop, push } = here;
  const dockerfile = await project("killed");
  proxy.taken();
  const killed = new Deno.Command(MYPAAS, {
    args: ["push", "lab", dockerfile],
    env: { NO_COLOR: "1", ...laptop },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await proxy.whenSent(PROJECT_BYTES / 2, () => {
    killed.kill("SIGKILL");
    return killed.status;
  });
  const first = proxy.taken().up;
  succeeded(await push(dockerfile));
  assertLess(first + proxy.taken().up, PROJECT_BYTES * 1.05 + ON_THE_WAY);
  assertEquals((await server().get("killed.test")).text, "killed");
});
