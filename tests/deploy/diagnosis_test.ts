import { assertEquals } from "@std/assert";
import { diagnose, type Evidence, suspicion } from "../../src/deploy/diagnosis.ts";
import type { ReplicaState } from "../../src/deploy/runtime.ts";
import { RUNNING } from "../fakes/replica_state.ts";

function sentence(state: Partial<ReplicaState> | undefined, evidence: Partial<Evidence> = {}): string {
  const all = { ranMs: undefined, listeners: [], port: 80, startTimeoutSeconds: 60, log: [], ...evidence };
  return diagnose("blog.8.1", { state: state && { ...RUNNING, ...state }, ...all }).message
    .replace("Cannot bring up blog.8.1: ", "");
}

Deno.test("diagnose() names the exit code and the time of a container that ended", () => {
  assertEquals(sentence({ status: "exited", exitCode: 3 }, { ranMs: 412 }), "it exited with code 3 after 0.4 s");
  assertEquals(sentence({ status: "exited", exitCode: 139 }), "it exited with code 139 (SIGSEGV)");
  assertEquals(sentence({ restartCount: 2, exitCode: 1 }), "it exited with code 1");
});

Deno.test("diagnose() says so when memory ran out", () => {
  assertEquals(
    sentence({ status: "exited", exitCode: 137, oomKilled: true }, { ranMs: 2000 }),
    "it was killed after 2.0 s because it ran out of memory",
  );
});

Deno.test("diagnose() names the limit of memory, and proposes twice as much", () => {
  const state = { status: "exited", exitCode: 137, oomKilled: true } as const;
  const found = (maxMemoryBytes: number) =>
    diagnose("b", {
      state: { ...RUNNING, ...state },
      ranMs: undefined,
      listeners: [],
      port: 80,
      startTimeoutSeconds: 60,
      log: [],
      maxMemoryBytes,
    });
  assertEquals(
    found(512 * 2 ** 20).message,
    "Cannot bring up b: it was killed because it ran out of memory; mypaas.maxmem is 512m",
  );
  assertEquals(found(512 * 2 ** 20).hint, 'Give it more, such as "# mypaas.maxmem = 1g", or let it use less.');
  assertEquals(found(10_000_001).message.slice(-8), "10000001");
});

Deno.test("diagnose() names what the health path answered", () => {
  const listeners = [{ address: "0.0.0.0", port: 80 }];
  assertEquals(
    sentence({}, { listeners, probed: { path: "/health", status: 503 } }),
    "its health check /health did not answer 2xx or 3xx within 60 s, but 503",
  );
  assertEquals(
    sentence({}, { listeners, probed: { path: "/health", status: undefined } }),
    "it accepts connections on port 80, but answered no HTTP request for /health within 60 s",
  );
  assertEquals(
    sentence({}, { probed: { path: "/health", status: undefined } }),
    "it did not listen on port 80 within 60 s",
  );
});

Deno.test("diagnose() names what the container listens on when that is not its port", () => {
  const loopback = [{ address: "127.0.0.1", port: 8000 }];
  assertEquals(sentence({}, { listeners: loopback }), "it listens on 127.0.0.1:8000; mypaas.port is 80");
  const other = [{ address: "::", port: 3000 }];
  assertEquals(sentence({}, { listeners: other }), "it listens on [::]:3000; mypaas.port is 80");
});

Deno.test("diagnose() tells a silent port from one that answers no HTTP", () => {
  assertEquals(sentence({}), "it did not listen on port 80 within 60 s");
  assertEquals(
    sentence({}, { listeners: [{ address: "0.0.0.0", port: 80 }] }),
    "it accepts connections on port 80, but answered no HTTP request within 60 s",
  );
});

Deno.test("diagnose() shows the output of a failing health check", () => {
  assertEquals(
    sentence({ health: "unhealthy", healthOutput: "connection refused\n" }),
    'its health check did not succeed within 60 s: "connection refused"',
  );
});

Deno.test("diagnose() gives the engine's reason when the container could not start", () => {
  assertEquals(sentence({ error: 'exec: "app": not found' }), 'exec: "app": not found');
  assertEquals(sentence(undefined), "its container is gone");
});

Deno.test("diagnose() proposes the port that the container does listen on", () => {
  const state = RUNNING;
  const evidence = { state, ranMs: undefined, port: 80, startTimeoutSeconds: 60, log: [] };
  const hint = (address: string, port: number) => diagnose("b", { ...evidence, listeners: [{ address, port }] }).hint;
  assertEquals(
    hint("0.0.0.0", 3000),
    'Write "# mypaas.port = 3000" in the Dockerfile, or let the service listen on port 80.',
  );
  assertEquals(hint("127.0.0.1", 80), "Let the service listen on 0.0.0.0.");
});

function hintOf(state: Partial<ReplicaState>, evidence: Partial<Evidence> = {}): string | undefined {
  const all = { ranMs: undefined, listeners: [], port: 80, startTimeoutSeconds: 60, log: [], ...evidence };
  return diagnose("b", { state: { ...RUNNING, ...state }, ...all }).hint;
}

// What runc writes into the log: 1.1 (Engine 20.10 to 24), and from 1.2 on.
for (
  const line of [
    "standard_init_linux.go:228: exec user process caused: exec format error",
    "exec /app: exec format error",
  ]
) {
  Deno.test(`diagnose() tells a program of another processor by "${line}"`, () => {
    const state = { status: "exited", exitCode: 1 } as const;
    assertEquals(
      sentence(state, { log: [line], ranMs: 100 }),
      "it exited with code 1 after 0.1 s: its program is not one of this server's processor (exec format error)",
    );
    assertEquals(hintOf(state, { log: [line] })?.startsWith("Build it for this server"), true);
    assertEquals(sentence(state, { log: [line, "another story"] }), "it exited with code 1");
  });
}

Deno.test("diagnose() proposes to stay in the foreground when nothing failed, and more time for a health check", () => {
  assertEquals(
    hintOf({ status: "exited", exitCode: 0 }),
    "A container lives as long as its first process: let that run in the foreground.",
  );
  assertEquals(
    hintOf({ health: "starting" }),
    'Mend it or its HEALTHCHECK; one that needs longer takes "# mypaas.start-timeout = 120s".',
  );
});

Deno.test("suspicion() says what a wait seems to be in vain for, and nothing of one that may just need longer", () => {
  const suspect = (evidence: Partial<Evidence>, state: Partial<ReplicaState> = {}) =>
    suspicion("blog.8.1", {
      state: { ...RUNNING, ...state },
      ranMs: undefined,
      listeners: [],
      port: 80,
      startTimeoutSeconds: 60,
      log: [],
      ...evidence,
    });
  const on = (address: string, port: number) => ({ listeners: [{ address, port }] });
  const waits = "it is waited for until 60 s have passed";
  assertEquals(
    suspect(on("127.0.0.1", 80)),
    `blog.8.1 listens on 127.0.0.1:80 only, and mypaas.port is 80; ${waits}`,
  );
  assertEquals(suspect(on("::", 8000)), `blog.8.1 listens on [::]:8000, and mypaas.port is 80; ${waits}`);
  assertEquals(
    suspect({ ...on("::", 80), probed: { path: "/health", status: 500 } }),
    `blog.8.1 answers 500 for /health; ${waits}`,
  );
  assertEquals(
    suspect(on("::", 80), { health: "starting", healthOutput: "no table\n" }),
    `the health check of blog.8.1 did not succeed yet: "no table"; ${waits}`,
  );
  assertEquals([suspect({}), suspect(on("0.0.0.0", 80)), suspect(on("::", 8000), { status: "exited" })], [
    undefined,
    undefined,
    undefined,
  ]);
});
