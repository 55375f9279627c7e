import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { rollOut } from "../../src/deploy/roll_out.ts";
import { reconcileService } from "../../src/deploy/reconcile.ts";
import { MyPaasError, NotReadyError, NotWrittenError } from "../../src/error.ts";
import { BenchServer, SPEC } from "./bench_server.ts";

Deno.test("rollOut() puts the first release live and routes to it", async () => {
  using server = new BenchServer();
  await server.deploy();
  assertEquals(server.serving(), ["blog.1.1"]);
  assertEquals(server.store.live("blog")?.number, 1);
});

for (const scale of [0, 1, 3]) {
  Deno.test(`rollOut() leaves nothing of the old release behind when scale is ${scale}`, async () => {
    using server = new BenchServer();
    await server.deploy({ scale });
    await server.deploy({ scale });
    assertEquals([...server.runtime.replicas.keys()].sort(), server.serving().toSorted());
    assertEquals(server.serving().length, Math.max(1, scale));
    assertEquals(server.store.releases("blog", 9).map(({ status }) => status), ["live", "retired"]);
  });

  for (const behaviour of ["exits", "never-ready"] as const) {
    Deno.test(`rollOut() leaves the old release serving when the new one ${behaviour} and scale is ${scale}`, async () => {
      using server = new BenchServer();
      await server.deploy({ scale });
      server.runtime.behaviours.set(2, behaviour);
      const error = await assertRejects(() => server.deploy({ scale }), NotReadyError);
      assertStringIncludes(error.hint ?? "", "Release 1 still serves");
      const old = [...server.runtime.replicas.keys()].sort();
      assertEquals(old, server.serving().toSorted());
      assertEquals(old.every((name) => name.startsWith("blog.1.")), true);
      assertEquals([...server.runtime.replicas.values()].every((state) => state.named && state.restarts), true);
      assertEquals(server.store.releases("blog", 9).map(({ status }) => status), ["failed", "live"]);
      await server.deploy({ scale });
      assertEquals(server.store.live("blog")?.number, 3);
    });
  }
}

Deno.test("rollOut() does not wait for the other replicas when one has ended, and has what both wrote once", async () => {
  using server = new BenchServer();
  await server.deploy({ scale: 2 });
  server.runtime.behaviours.set(2, "never-ready");
  const { start } = server.runtime;
  server.runtime.start = async (id) => {
    await start.call(server.runtime, id);
    if (id.release === 2 && id.n === 2) server.runtime.crash(id, { exitCode: 9 });
  };
  const began = performance.now();
  const error = await assertRejects(() => server.deploy({ scale: 2, startTimeoutSeconds: 30 }), NotReadyError);
  assertEquals(performance.now() - began < 5000, true);
  assertStringIncludes(error.message, "Cannot bring up blog.2.2: it exited with code 9");
  assertEquals(error.details, ["blog.2.1: hello from blog.2.1", "blog.2.2: hello from blog.2.2"]);
  assertEquals(server.serving(), ["blog.1.1", "blog.1.2"]);
});

Deno.test("rollOut() tells what failed before it puts the old release back", async () => {
  using server = new BenchServer();
  await server.deploy();
  server.runtime.behaviours.set(2, "exits");
  const told: string[] = [];
  const at = new Date().toISOString();
  const release = server.store.createRelease({ spec: SPEC, env: [], contentDigest: "", by: "test", at });
  server.store.setImage("blog", 2, "blog:2", "sha256:0");
  const deploying = rollOut(server.parts, release, { report: (event) => told.push(`${event.kind} ${event.text}`) });
  const { message } = await assertRejects(() => deploying, NotReadyError);
  assertEquals(
    told.indexOf(`warning ${message}`) + 1,
    told.indexOf("step route to blog.1.1, hold 19 s"),
    told.join("\n"),
  );
});

Deno.test("a replica that gave its name up lingers for who has just looked it up, unless the service is stopped", async () => {
  using server = new BenchServer();
  const looks = new Map<number, number>();
  const probes = {
    ...server.parts.probes,
    establishedConnections: (pid: number) =>
      Promise.resolve(void looks.set(pid, (looks.get(pid) ?? 0) + 1)).then(() => 0),
  };
  server.parts = { ...server.parts, probes, lingersMs: 1000 };
  await server.deploy({ scale: 1, drainTimeoutSeconds: 9 });
  await server.deploy({ scale: 1, drainTimeoutSeconds: 9 });
  server.store.setServiceState("blog", "stopped");
  await reconcileService(server.parts, "blog", { report: () => {} });
  const [replaced = 0, stopped = 0] = [...looks.values()];
  assertEquals([replaced > 20, stopped < 5], [true, true], `${replaced} and ${stopped} looks`);
});

Deno.test("what is cut behind the answer is told in the daemon's log", async () => {
  using server = new BenchServer();
  const logged: string[] = [];
  const probes = { ...server.parts.probes, establishedConnections: () => Promise.resolve(3) };
  server.parts = { ...server.parts, probes, log: (line) => logged.push(line) };
  await server.deploy({ scale: 1 });
  await server.deploy({ scale: 1 });
  assertEquals(logged, ["blog: blog.1.1 still had 3 connections after 1 s (mypaas.drain-timeout); they are cut"]);
});

Deno.test("rollOut() never gives an address again while it walks forward", async () => {
  using server = new BenchServer();
  const seen = new Set<string>();
  for (let release = 1; release <= 20; release++) {
    await server.deploy({ scale: 2 });
    for (const address of server.routedTo()) seen.add(address);
  }
  assertEquals(seen.size, 40);
});

Deno.test("rollOut() says that the old release is being put back, not that it serves, when putting back fails", async () => {
  using server = new BenchServer();
  await server.deploy();
  server.runtime.behaviours.set(2, "exits");
  const unfinished: string[] = [];
  server.parts = { ...server.parts, onUnfinished: (service) => void unfinished.push(service) };
  server.runtime.beforeCall = (call) => {
    if (call === "start blog.1.1") throw new Error("no answer");
  };
  const error = await assertRejects(() => server.deploy(), NotReadyError);
  assertEquals([error.hint?.includes("still serves"), error.hint?.includes("Release 1 is being put back")], [
    false,
    true,
  ]);
  assertEquals(unfinished, ["blog"]);
});

Deno.test("a deploy whose failure could not be written down is given up by the repair, and the old release serves", async () => {
  using server = new BenchServer();
  await server.deploy();
  server.runtime.behaviours.set(2, "exits");
  const fail = server.store.fail;
  server.store.fail = () => {
    throw new Error("the disk is full");
  };
  await assertRejects(() => server.deploy(), NotReadyError);
  assertEquals(server.serving(), ["blog.1.1"]);
  server.store.fail = fail;
  await reconcileService(server.parts, "blog", { report: () => {} });
  assertEquals(server.serving(), ["blog.1.1"]);
  assertEquals(server.store.releases("blog", 9).map(({ status, error }) => [status, error]), [
    ["interrupted", 'It was given up at "await-ready blog.2.1"'],
    ["live", undefined],
  ]);
});

Deno.test("a live replica that was to be stopped comes back after a crash again, however often it crashed before", async () => {
  using server = new BenchServer();
  await server.deploy();
  const [name = "", state] = [...server.runtime.replicas][0] ?? [];
  assert(state !== undefined);
  server.runtime.replicas.set(name, { ...state, restarts: false, restartCount: 2 });
  await server.restartDaemon();
  assertEquals(server.runtime.replicas.get(name)?.restarts, true);
});

Deno.test("rollOut() removes the images of all but five releases that were live, and of those that never were", async () => {
  using server = new BenchServer();
  const images = new Set<number>();
  const builder = { removeImage: (_: string, release: number) => Promise.resolve(void images.delete(release)) };
  server.parts = { ...server.parts, builder };
  for (let release = 1; release <= 8; release++) {
    images.add(release);
    if (release === 5) {
      const at = new Date().toISOString();
      server.store.createRelease({ spec: SPEC, env: [], contentDigest: "", by: "test", at });
      server.store.fail("blog", release, "interrupted", "The daemon ended", at);
    } else {
      await server.deploy();
    }
  }
  assertEquals([...images], [3, 4, 6, 7, 8]);
});

for (const [scale, port] of [[0, 80], [0, 8080], [2, 80]] as const) {
  for (const behaviour of ["ready", "exits"] as const) {
    Deno.test(`a power cut at any step of a deploy that is ${behaviour}, scale ${scale}, port ${port}, ends with one serving release`, async () => {
      for (let cutAt = 1;; cutAt++) {
        using server = new BenchServer();
        await server.deploy({ scale });
        server.runtime.behaviours.set(2, behaviour);
        if (!await server.cutPowerAt(cutAt, () => server.deploy({ scale, port }))) break;
        await server.restartDaemon();
        const live = server.store.live("blog")?.number;
        const names = [...server.runtime.replicas.keys()].sort();
        assertEquals(names, server.serving().toSorted(), `cut ${cutAt}`);
        assertEquals(names.length, Math.max(1, scale), `cut ${cutAt}`);
        assertEquals(names.every((name) => name.startsWith(`blog.${live}.`)), true, `cut ${cutAt}`);
        assertEquals([...server.runtime.replicas.values()].every(({ named, restarts }) => named && restarts), true);
        assertEquals(server.store.pending(), []);
        assertEquals(server.store.live("blog")?.step, undefined, `cut ${cutAt}`);
        const cutOff = server.store.releases("blog", 10).filter(({ status }) => status === "interrupted");
        assertEquals(cutOff.every(({ number }) => server.imagesRemoved.has(number)), true, `cut ${cutAt}`);
        server.runtime.behaviours.clear();
        await server.deploy({ scale });
        assertEquals(server.store.live("blog")?.number, 3, `cut ${cutAt}`);
      }
    });
  }
}

for (const scale of [0, 2]) {
  Deno.test(`a disk on which neither route nor state can be written leaves the old release serving, scale ${scale}`, async () => {
    for (const from of ["create blog.2.1", "stop blog.1.1", "start blog.2.1", "never"]) {
      using server = new BenchServer();
      await server.deploy({ scale });
      const before = server.serving();
      let full = false;
      const fullNow = () => {
        if (full) throw new NotWrittenError("Cannot write: the disk is full");
      };
      server.runtime.beforeCall = (call) => {
        full ||= call === from;
        if (call === "write the routes") fullNow();
      };
      const write = server.database.run.bind(server.database);
      server.database.run = (sql, ...values) => {
        fullNow();
        return write(sql, ...values);
      };
      const unfinished: string[] = [];
      server.parts = { ...server.parts, onUnfinished: (service) => void unfinished.push(service) };
      await server.deploy({ scale }).catch(() => {});
      // Behind the commit the new one serves.
      const live = server.store.live("blog")?.number;
      if (live === 1) assertEquals(server.serving(), before, from);
      else assertEquals(server.serving().every((name) => name.startsWith("blog.2.")), true, from);
      full = false;
      server.runtime.beforeCall = () => {};
      await reconcileService(server.parts, "blog", { report: () => {} });
      assertEquals(server.serving().toSorted(), [...server.runtime.replicas.keys()].sort(), from);
      assertEquals(server.store.pending(), [], from);
    }
  });
}

Deno.test("a hold route that could not be written moves the old replica nowhere", async () => {
  using server = new BenchServer();
  await server.deploy();
  const [address] = server.routedTo();
  server.runtime.beforeCall = (call) => {
    if (call === "write the routes") throw new NotWrittenError("Cannot write the routes: the disk is full");
  };
  const error = await assertRejects(() => server.deploy(), MyPaasError, "the disk is full");
  assertStringIncludes(error.hint ?? "", "Release 1 still serves");
  assertEquals(server.store.live("blog")?.places[0]?.ingressAddress, address);
  assertEquals(server.serving(), ["blog.1.1"]);
  assertEquals(server.runtime.calls.filter((call) => /^(stop|move)/.test(call) && call.includes("blog.1")), []);
});

Deno.test("rollOut() looks at no replica of another service, and not when it fails", async () => {
  using server = new BenchServer();
  await server.deploy({ name: "other", sites: [] });
  server.runtime.behaviours.set(2, "exits");
  await server.deploy();
  await assertRejects(() => server.deploy(), NotReadyError);
  assertEquals(server.runtime.looks, ["blog"]);
});
