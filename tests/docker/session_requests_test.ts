import { assertEquals } from "@std/assert";
import { oneOffContainer } from "../../src/docker/one_offs.ts";
import { attachContainer, createExec, resize, startExec, waitRemoved } from "../../src/docker/session_requests.ts";
import { objectNames } from "../../src/service/names.ts";
import { serviceSpec } from "../engine/bench.ts";

const REF = { id: "ab", name: "blog.7.1" };
const KEYS = "ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@,ctrl-@";

Deno.test("createExec() names only what was asked for, and takes no key away from the command", () => {
  const plain = createExec(REF, { command: ["ls", "a b"], stdin: false, tty: false, env: [] });
  assertEquals([plain.method, plain.path, plain.body], ["POST", "/containers/ab/exec", {
    Cmd: ["ls", "a b"],
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Env: [],
    DetachKeys: KEYS,
  }]);
  assertEquals(plain.decode({ Id: "cd" }), "cd");
  const size = { rows: 24, columns: 80 };
  const full = createExec(REF, {
    command: ["sh"],
    stdin: true,
    tty: true,
    env: ["A=1"],
    user: "1000:1000",
    folder: "/x",
    size,
  });
  const { User, WorkingDir, Env, ConsoleSize } = full.body as Record<string, unknown>;
  assertEquals([User, WorkingDir, Env, ConsoleSize], ["1000:1000", "/x", ["A=1"], [24, 80]]);
  assertEquals(startExec("cd", { name: "blog.7.1", tty: true, size }), {
    action: 'run a command in "blog.7.1"',
    path: "/exec/cd/start",
    body: { Detach: false, Tty: true, ConsoleSize: [24, 80] },
  });
});

Deno.test("attachContainer() and resize() write their queries as the Engine reads them", () => {
  const keys = encodeURIComponent(KEYS);
  assertEquals(
    attachContainer(REF, { stdin: true }).path,
    `/containers/ab/attach?stream=1&stdout=1&stderr=1&stdin=1&detachKeys=${keys}`,
  );
  assertEquals(
    attachContainer(REF, { stdin: false }).path,
    `/containers/ab/attach?stream=1&stdout=1&stderr=1&detachKeys=${keys}`,
  );
  assertEquals(resize("exec", REF, { rows: 24, columns: 80 }).path, "/exec/ab/resize?h=24&w=80");
});

Deno.test("waitRemoved() tells that the Engine waits before it tells the exit code", async () => {
  const wait = waitRemoved(REF);
  assertEquals(wait.path, "/containers/ab/wait?condition=removed");
  async function* answer() {
    yield await Promise.resolve(new TextEncoder().encode('{"StatusCode":7,"Error":null}\n'));
  }
  assertEquals(await Array.fromAsync(wait.decode(answer())), [undefined, 7]);
});

Deno.test("oneOffContainer() has a release's limits and mounts, no name, no ports, no restart, and goes by itself", () => {
  const spec = serviceSpec("blog", {
    maxMemoryBytes: 1 << 26,
    stopGraceSeconds: 7,
    publish: [{ hostPort: 5432, port: 5432, protocol: "tcp" }],
  });
  const oneOff = {
    service: "blog",
    release: 7,
    image: "mypaas/blog:7",
    spec,
    env: [{ name: "COLOUR", value: "blue" }],
    reaches: [],
    command: ["migrate"],
    stdin: true,
    tty: false,
    owner: "12.345",
  };
  const { networks } = objectNames("");
  const mount = { kind: "named", source: "blog.data", target: "/data", readOnly: false } as const;
  const around = { instance: "this", networks, mounts: [mount] };
  const body = oneOffContainer(oneOff, "blog.7.run-1", around);
  assertEquals(body, {
    Image: "mypaas/blog:7",
    Cmd: ["migrate"],
    Env: ["MYPAAS_SERVICE=blog", "MYPAAS_CONTAINER=blog.7.run-1", "MYPAAS_SCALE=0", "MYPAAS_PORT=80", "COLOUR=blue"],
    Labels: {
      "mypaas.instance": "this",
      "mypaas.service": "blog",
      "mypaas.part": "one-off",
      "mypaas.release": "7",
      "mypaas.owner": "12.345",
    },
    StopTimeout: 7,
    Healthcheck: { Test: ["NONE"] },
    Tty: false,
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: {
      NetworkMode: "mypaas",
      RestartPolicy: { Name: "no" },
      SecurityOpt: ["no-new-privileges"],
      CapDrop: ["NET_RAW"],
      PidsLimit: 4096,
      Memory: 1 << 26,
      MemorySwap: 1 << 26,
      Mounts: [{
        Type: "volume",
        Source: "blog.data",
        Target: "/data",
        ReadOnly: false,
        VolumeOptions: { Labels: { "mypaas.instance": "this", "mypaas.service": "blog" } },
      }],
      LogConfig: { Type: "none" },
      AutoRemove: true,
    },
  });
  assertEquals("Cmd" in oneOffContainer({ ...oneOff, command: [] }, "blog.7.run-1", around), false);
});
