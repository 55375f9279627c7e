import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NotReadyError } from "../../src/error.ts";
import { BenchServer } from "./bench_server.ts";

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

class PowerCut extends Error {}

for (const scale of [0, 2]) {
  for (const behaviour of ["ready", "exits"] as const) {
    Deno.test(`a power cut at any step of a deploy that is ${behaviour}, scale ${scale}, ends with one serving release`, async () => {
      for (let cutAt = 1;; cutAt++) {
        using server = new BenchServer();
        await server.deploy({ scale });
        server.runtime.behaviours.set(2, behaviour);
        let calls = 0;
        let off = false;
        server.runtime.beforeCall = () => {
          off ||= ++calls === cutAt;
          if (off) throw new PowerCut();
        };
        // State cannot be written without power either.
        const write = server.database.run.bind(server.database);
        server.database.run = (sql, ...values) => {
          if (off) throw new PowerCut();
          return write(sql, ...values);
        };
        await server.deploy({ scale }).catch(() => {});
        server.database.run = write;
        if (!off) break;
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
