import { assertEquals, assertMatch } from "@std/assert";
import { ExitCode } from "../../src/error.ts";
import { sshFailure } from "../../src/host/ssh_failure.ts";

const URL = "ssh://root@vm";

Deno.test("sshFailure() makes one sentence of what ssh says, with the exit code it means", () => {
  const cases: readonly [number, readonly string[], keyof typeof ExitCode, RegExp][] = [
    [
      255,
      ["@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", "Host key verification failed."],
      "auth",
      /another than/,
    ],
    [
      255,
      ["No ED25519 host key is known for vm", "Host key verification failed."],
      "auth",
      /does not know its host key/,
    ],
    [255, ["root@vm: Permission denied (publickey)."], "auth", /not let in/],
    [255, ["Received disconnect from vm: Too many authentication failures"], "auth", /not let in/],
    [255, ["ssh: Could not resolve hostname vm: Name or service not known"], "failed", /name is not found/],
    [255, ["ssh: connect to host vm port 22: Connection refused"], "failed", /nothing listens/],
    [255, ["ssh: connect to host vm port 22: Connection timed out"], "failed", /does not answer/],
    [255, ["ssh: connect to host vm port 22: No route to host"], "failed", /does not answer/],
    [255, ["ssh: connect to host vm port 22: Network is unreachable"], "failed", /does not answer/],
    [1, ["sudo: a password is required"], "auth", /not root there/],
    [127, ["sh: 1: exec: sudo: not found"], "auth", /not root there/],
    [127, ["sh: 1: exec: ssh: not found"], "failed", /no ssh on this machine/],
    [97, ["mypaas is not installed here"], "failed", /has no mypaas/],
    [2, ["error: Unknown command 'relay'"], "failed", /too old/],
    [255, ["kex_exchange_identification: Connection closed by remote host"], "failed", /ended with code 255/],
  ];
  for (const [code, lines, kind, problem] of cases) {
    const error = sshFailure(URL, { code, lines, reached: false });
    assertEquals(error.kind, kind, error.message);
    assertMatch(error.message, problem);
    assertEquals(error.message.startsWith(`Cannot reach ${URL}: `), true);
    assertEquals(error.message.endsWith(` (ssh says "${lines.at(-1)}")`), true, error.message);
    assertEquals([error.details, error.hint === undefined], [lines.slice(0, -1), false]);
  }
});

Deno.test("sshFailure() passes on what the relay told, and the age of one that does not know it", () => {
  const told = JSON.stringify({
    kind: "error",
    error: { kind: "failed", message: "Cannot reach the daemon: it does not run", hint: "Start it." },
  });
  const error = sshFailure(URL, { code: 1, lines: ["banner", told], reached: false });
  assertEquals(error.message, `Cannot reach ${URL}: mypaas there says "Cannot reach the daemon: it does not run"`);
  assertEquals([error.hint, error.details], ["Start it.", ["banner"]]);
  const unknown = JSON.stringify({ kind: "error", error: { kind: "usage", message: "Unknown command 'relay'" } });
  const old = sshFailure(URL, { code: 2, lines: [unknown], reached: false });
  assertEquals([old.message, old.skew], [`Cannot reach ${URL}: the mypaas there is too old for ssh://`, true]);
});

Deno.test("sshFailure() calls a connection that was there before broken, whatever was said at the login", () => {
  const error = sshFailure(URL, {
    code: 255,
    lines: ["Permission denied to strangers", "Timeout, server vm not responding."],
    reached: true,
  });
  assertEquals(
    error.message,
    `Cannot reach ${URL}: the connection broke off (ssh says "Timeout, server vm not responding.")`,
  );
  assertEquals([error.kind, error.skew], ["failed", false]);
  const silent = sshFailure(URL, { code: 143, lines: [], reached: true });
  assertEquals(silent.message, `Cannot reach ${URL}: the connection broke off`);
});
