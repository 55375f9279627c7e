import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { jsonLines, sharedServer, succeeded } from "../lab.ts";
import type { AppProject } from "../project.ts";

const server = sharedServer();
const RATE = 200;

/** An app that boots for a second, takes 20 ms per request, and exits at once on SIGTERM. */
function project(name: string, scale: number, app: Record<string, string>): AppProject {
  const options = { domain: `${name}.test`, scale, "start-timeout": "15s" };
  return { name, options, app: { BOOT: "1s", DELAY: "20ms", ...app } };
}

for (const [name, scale] of [["start-first", 2], ["stop-first", 0]] as const) {
  Deno.test(`${RATE} requests/s see 3 ${name} redeploys and none fails`, async () => {
    succeeded(await server().push(project(name, scale, { TEXT: "0" })));
    const load = server().load(`${name}.test`, RATE);
    for (const text of ["1", "2", "3"]) {
      succeeded(await server().push(project(name, scale, { TEXT: text })));
      assertEquals((await server().get(`${name}.test`)).text, text);
    }
    const { sent, seconds, failed, failures, bodies, p99, max } = await load.stop();
    console.log(
      `${name}: ${sent} in ${seconds.toFixed(1)} s, ${failed} failed, p99 ${p99.toFixed(0)} ms, max ${
        max.toFixed(0)
      } ms`,
    );
    assertEquals(failures, {});
    for (const text of ["0", "1", "2", "3"]) {
      assertGreater(bodies[text] ?? 0, 0, `release with text ${text} has answered`);
    }
  });
}

Deno.test(`${RATE} requests/s see a stop-first deploy that fails, and none fails`, async () => {
  succeeded(await server().push(project("stop-first", 0, { TEXT: "good" })));
  const load = server().load("stop-first.test", RATE);
  const ran = await server().push(project("stop-first", 0, { TEXT: "bad", EXIT_AFTER: "500ms", EXIT_CODE: "1" }));
  assertEquals(ran.code, 5, ran.stderr);
  const { sent, failures, bodies } = await load.stop();
  assertEquals(failures, {});
  assertEquals(bodies, { good: sent });
});

const FILES = 2_000;
const FILE_BYTES = 10_000;
/** README's figures are medians of 5. */
const PUSHES = Number(Deno.env.get("MYPAAS_TEST_PUSHES") ?? 1);

Deno.test("a push of 20 MB in 2,000 files of which one changed sends that file, and a list of all", async () => {
  const dockerfile = await server().project({
    name: "tree",
    options: { domain: "tree.test" },
    instructions: ["COPY files /files"],
  });
  const folder = dockerfile.replace(/Dockerfile$/, "files");
  await Deno.mkdir(folder);
  // Nothing repeats in them, so that compression does not help.
  const write = (file: number) =>
    Deno.writeFile(`${folder}/${file}`, crypto.getRandomValues(new Uint8Array(FILE_BYTES)));
  const push = async () => {
    const began = performance.now();
    const ran = succeeded(await server().client(["push", "lab", dockerfile, "--json"]));
    const bytes = Number(jsonLines(ran).find(({ kind }) => kind === "sent")?.["bytes"]);
    return { bytes, seconds: (performance.now() - began) / 1000 };
  };
  for (let file = 0; file < FILES; file++) await write(file);
  assertGreater((await push()).bytes, FILES * FILE_BYTES);

  const seconds: number[] = [];
  for (let round = 0; round < PUSHES; round++) {
    await write(1000);
    const pushed = await push();
    console.log(`sent ${pushed.bytes} bytes in ${pushed.seconds.toFixed(1)} s`);
    seconds.push(pushed.seconds);
    assertLess(pushed.bytes, FILE_BYTES + FILES * 250);
  }
  console.log(`median: ${seconds.sort((a, b) => a - b)[PUSHES >> 1]?.toFixed(1)} s`);
});
