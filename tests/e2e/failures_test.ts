import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { containersOf } from "./engine.ts";
import { sharedServer, succeeded } from "./lab.ts";
import type { AppProject } from "./project.ts";

const server = sharedServer();

/** Long enough for the app, short enough for the test. */
const TIMES = { "start-timeout": "3s", "stop-grace": "2s" };

function project(name: string, scale: number, app: Record<string, string>): AppProject {
  return { name, options: { domain: `${name}.test`, scale, ...TIMES }, app };
}

/** The first sentence of a failure. */
function sentence(stderr: string): string {
  return stderr.split("\n").find((line) => line.startsWith("error:")) ?? "";
}

const FAILURES: readonly { readonly what: string; readonly app: Record<string, string>; readonly cause: RegExp }[] = [
  { what: "exits at once", app: { EXIT_NOW: "3" }, cause: /exit(ed)?( at once)?.*\b3\b/ },
  {
    what: "listens on 127.0.0.1 only",
    app: { LISTEN: "127.0.0.1" },
    cause: /listens on 127\.0\.0\.1:80.*mypaas\.port is 80/,
  },
  { what: "listens on another port", app: { PORT: "8000" }, cause: /listens on .*8000.*mypaas\.port is 80/ },
];

for (const scale of [0, 2]) {
  const name = `old${scale}`;
  Deno.test(`with scale ${scale}, a release that does not get ready exits 5 with its cause, and the old one answers all along`, async () => {
    succeeded(await server().push(project(name, scale, { TEXT: "old" })));
    const load = server().load(`${name}.test`, 50);
    for (const { what, app, cause } of FAILURES) {
      const ran = await server().push(project(name, scale, { TEXT: "new", ...app }));
      assertEquals(ran.code, 5, `${what}: ${ran.stdout}\n${ran.stderr}`);
      assertMatch(sentence(ran.stderr), cause, `${what}: ${ran.stderr}`);
      assertStringIncludes(ran.stdout + ran.stderr, "app starts", `${what}: the end of its log is shown`);
      assertEquals((await server().get(`${name}.test`)).text, "old", what);
    }
    const { failures, bodies, sent } = await load.stop();
    assertEquals(failures, {});
    assertEquals(bodies, { old: sent });
    assertEquals(
      (await containersOf(server().serverId, name)).length,
      Math.max(1, scale),
      "nothing of the failed is left",
    );

    succeeded(await server().push(project(name, scale, { TEXT: "mended" })));
    assertEquals((await server().get(`${name}.test`)).text, "mended");
  });
}

Deno.test("a failed build exits 4 with the failing instruction and its output, and the old release answers", async () => {
  const service = { name: "built", from: "busybox:latest", options: { domain: "built.test" }, app: { TEXT: "old" } };
  succeeded(await server().push(service));
  const ran = await server().push({ ...service, instructions: ["RUN echo the reason is $((40 + 2)); exit 3"] });
  assertEquals(ran.code, 4, ran.stderr);
  assertMatch(sentence(ran.stderr), /RUN echo the reason is/);
  assertStringIncludes(ran.stdout + ran.stderr, "the reason is 42");
  assertEquals((await server().get("built.test")).text, "old");
});

Deno.test("a first release that fails leaves no container and no route", async () => {
  const ran = await server().push(project("never", 0, { EXIT_NOW: "7" }));
  assertEquals(ran.code, 5, ran.stderr);
  assertEquals(await containersOf(server().serverId, "never"), []);
  assertEquals((await server().get("never.test")).status, 404);
});
