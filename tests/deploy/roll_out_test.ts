import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
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

Deno.test("rollOut() moves the old replica to the address that requests wait for when scale is 0", async () => {
  using server = new BenchServer();
  await server.deploy();
  const [before] = server.routedTo();
  server.runtime.behaviours.set(2, "exits");
  await assertRejects(() => server.deploy(), NotReadyError);
  const [held] = server.routedTo();
  assertEquals(before === held, false);
  assertEquals(server.runtime.calls.slice(-3), ["remove blog.2.1", `move blog.1.1 to ${held}`, "start blog.1.1"]);
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

Deno.test("rollOut() keeps the domains of the old release until the commit when scale is 0", async () => {
  using server = new BenchServer();
  const sites = (...domains: string[]) => domains.map((domain) => ({ domain, path: "/", https: false }));
  await server.deploy({ sites: sites("old.example", "both.example") });
  await server.deploy({ sites: sites("both.example", "new.example") });
  const tables = server.tables.slice(-2).map((table) =>
    table.flatMap((route) => route.sites.map(({ domain }) => domain))
  );
  assertEquals(tables, [["both.example", "new.example", "old.example"], ["both.example", "new.example"]]);
});

Deno.test("rollOut() lets a new replica that had the route finish its requests when the commit fails", async () => {
  using server = new BenchServer();
  await server.deploy({ scale: 1 });
  const drained: number[] = [];
  const probes = {
    ...server.parts.probes,
    establishedConnections: (pid: number) => Promise.resolve(drained.push(pid) * 0),
  };
  server.parts = { ...server.parts, probes };
  const commit = server.store.commit;
  server.store.commit = () => {
    throw new Error("the disk is full");
  };
  const routed = await assertRejects(() => server.deploy({ scale: 1 }), Error, "the disk is full").then(() =>
    drained[0]
  );
  server.store.commit = commit;
  assertEquals(routed, 1001);
  assertEquals(server.runtime.calls.slice(-3), ["unname blog.2.1", "stop blog.2.1", "remove blog.2.1"]);
  assertEquals(server.serving(), ["blog.1.1"]);
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

for (const scale of [0, 2]) {
  for (const behaviour of ["ready", "exits"] as const) {
    Deno.test(`a power cut at any step of a deploy that is ${behaviour}, scale ${scale}, ends with one serving release`, async () => {
      for (let cutAt = 1;; cutAt++) {
        using server = new BenchServer();
        await server.deploy({ scale });
        server.runtime.behaviours.set(2, behaviour);
        if (!await server.cutPowerAt(cutAt, () => server.deploy({ scale }))) break;
        await server.restartDaemon();
        const live = server.store.live("blog")?.number;
        const names = [...server.runtime.replicas.keys()].sort();
        assertEquals(names, server.serving().toSorted(), `cut ${cutAt}`);
        assertEquals(names.length, Math.max(1, scale), `cut ${cutAt}`);
        assertEquals(names.every((name) => name.startsWith(`blog.${live}.`)), true, `cut ${cutAt}`);
        assertEquals([...server.runtime.replicas.values()].every(({ named, restarts }) => named && restarts), true);
        assertEquals(server.store.pending(), []);
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
