import { assert, assertEquals, assertLessOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import { containersOf } from "../engine.ts";
import { exitsSince } from "../exits.ts";
import { jsonLines, sharedServer, succeeded } from "../lab.ts";
import type { AppProject } from "../project.ts";

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

/** What a release has that does not get ready, and what is said of it. */
interface Failure {
  readonly what: string;
  readonly scales: readonly number[];
  readonly app?: Record<string, string>;
  readonly instructions?: readonly string[];
  readonly cause: RegExp;
  readonly hint: string;
  /** Whether it comes so far that it writes something. */
  readonly silent?: boolean;
}

/** The machine of the ELF header (elf(5)) is made that of another processor. */
const FOREIGN = String.raw`RUN printf '\267\000' | dd of=/app bs=1 seek=18 conv=notrunc`;

const FAILURES: readonly Failure[] = [
  {
    what: "exits at once",
    scales: [0, 2],
    app: { EXIT_NOW: "3" },
    cause: /it exited with code 3 after \d\.\d s$/,
    hint: "Mend it and deploy again",
  },
  {
    what: "has no program",
    scales: [0, 2],
    instructions: ["RUN rm /app"],
    cause: /exec: "\/app": .*no such file or directory$/,
    hint: "See that ENTRYPOINT or CMD",
    silent: true,
  },
  {
    what: "is of another architecture",
    scales: [0],
    instructions: [FOREIGN],
    cause:
      /it exited with code \d+ after \d\.\d s: its program is not one of this server's processor \(exec format error\)$/,
    hint: "Build it for this server",
    silent: true,
  },
  {
    // With scale 0 it answers the requests that wait for it as soon as it listens: limits_test.ts.
    what: "has a health check that fails",
    scales: [2],
    instructions: ["HEALTHCHECK --interval=1s CMD echo no table; false"],
    cause: /its health check did not succeed within 3 s: "no table"$/,
    hint: '"# mypaas.start-timeout = 6s"',
  },
  {
    what: "listens on 127.0.0.1 only",
    scales: [0, 2],
    app: { LISTEN: "127.0.0.1" },
    cause: /it listens on 127\.0\.0\.1:80; mypaas\.port is 80$/,
    hint: "Let the service listen on 0.0.0.0.",
  },
  {
    what: "listens on another port",
    scales: [2],
    app: { PORT: "8000" },
    cause: /it listens on \[::\]:8000; mypaas\.port is 80$|it listens on 0\.0\.0\.0:8000; mypaas\.port is 80$/,
    hint: 'Write "# mypaas.port = 8000" in the Dockerfile',
  },
  {
    what: "never listens",
    scales: [0],
    app: { BOOT: "1h" },
    cause: /it did not listen on port 80 within 3 s$/,
    hint: '"# mypaas.start-timeout = 6s"',
  },
  {
    what: "accepts connections and answers nothing",
    scales: [2],
    app: { DELAY: "1h" },
    cause: /it accepts connections on port 80, but answered no HTTP request within 3 s$/,
    hint: '"# mypaas.start-timeout = 6s"',
  },
];

for (const scale of [0, 2]) {
  const name = `old${scale}`;
  const failures = FAILURES.filter(({ scales }) => scales.includes(scale));
  const what = failures.map((failure) => failure.what).join(", ");
  Deno.test(`with scale ${scale}, a release that ${what} exits 5 with its cause, and the old one answers all along`, async () => {
    succeeded(await server().push(project(name, scale, { TEXT: "old" })));
    const load = server().load(`${name}.test`, 50);
    for (const { what, app, instructions, cause, hint, silent = false } of failures) {
      const from = instructions === undefined ? {} : { from: "busybox:latest", instructions };
      const ran = await server().push({ ...project(name, scale, { TEXT: "new", ...app }), ...from });
      assertEquals(ran.code, 5, `${what}: ${ran.stdout}\n${ran.stderr}`);
      assertMatch(sentence(ran.stderr), cause, `${what}: ${ran.stderr}`);
      assertMatch(sentence(ran.stderr), /^error: Cannot (bring up|start) /, what);
      const [, advice = ""] = /^hint: +(.*)$/m.exec(ran.stderr) ?? [];
      assertStringIncludes(advice, hint, what);
      assertMatch(advice, /Release 1 still serves\. Then try again: mypaas push lab \S+\/Dockerfile$/, what);
      const logged = ran.stderr.split("\n").filter((line) => line.trim() === "app starts").length;
      assertEquals(logged, silent ? 0 : 1, `${what}: the end of its log is shown, equal lines once: ${ran.stderr}`);
      assertEquals((await server().get(`${name}.test`)).text, "old", what);
    }
    const { failures: lost, bodies, sent } = await load.stop();
    assertEquals(lost, {});
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

for (const scale of [0, 2]) {
  Deno.test(`with scale ${scale}, a container that exits is reported when it exits, not at the time-out`, async () => {
    const name = `brief${scale}`;
    const options = { domain: `${name}.test`, scale, "start-timeout": "60s" };
    succeeded(await server().push({ name, options, app: { TEXT: "old" } }));
    const began = Date.now();
    const app = { TEXT: "new", BOOT: "1h", EXIT_AFTER: "700ms", EXIT_CODE: "3" };
    const ran = await server().push({ name, options, app }, "--json");
    const returned = Date.now();
    assertEquals(ran.code, 5, ran.stderr);
    const exits = await exitsSince(server().serverId, began);
    const exit = exits.find(({ service, exitCode }) => service === name && exitCode === 3)?.at ?? 0;
    const [told, failed] = (["warning", "failed"] as const).map((kind) =>
      Date.parse(String(jsonLines(ran).find((event) => event["kind"] === kind)?.["time"])) - exit
    );
    assert(told !== undefined && failed !== undefined);
    console.log(
      `scale ${scale}: told ${told.toFixed(0)} ms, failed ${
        failed.toFixed(0)
      } ms after the exit, the command ended at ${(returned - exit).toFixed(0)} ms`,
    );
    assertLessOrEqual(told, 3000);
    // Before the end what was started is taken away, and with scale 0 the old release put back.
    assertLessOrEqual(failed, 10_000);
    assertEquals((await server().get(`${name}.test`)).text, "old");
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
