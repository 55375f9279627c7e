import { assert, assertEquals, assertRejects } from "@std/assert";
import { NotReadyError } from "../../src/error.ts";
import { BenchServer } from "./bench_server.ts";

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

Deno.test("rollOut() lets a new replica that listens end its requests, while others wait for the old one elsewhere", async () => {
  using server = new BenchServer();
  await server.deploy();
  const events: string[] = [];
  const probes = {
    ...server.parts.probes,
    // It answers, but not as its health check wants it.
    httpStatus: ({ path }: { readonly path: string }) => Promise.resolve(path === "/health" ? 500 : 200),
    establishedConnections: (pid: number) => {
      if (pid === 1001) events.push(`drain at ${server.routedTo()}`);
      return Promise.resolve(0);
    },
  };
  server.parts = { ...server.parts, probes, lingersMs: 400 };
  const healthcheck = { path: "/health", intervalMs: 100, timeoutMs: 100 };
  await assertRejects(() => server.deploy({ healthcheck }), NotReadyError, "but 500");
  const [old, held, fresh] = [
    ...new Set(server.tables.flatMap((table) => table.flatMap(({ addresses }) => addresses))),
  ];
  assertEquals([new Set(events), [old, held].includes(fresh)], [new Set([`drain at ${fresh}`]), false]);
  assert(events.length > 10, "who waits between two tries finds it");
  assertEquals(server.runtime.calls.slice(-4), [
    "stop blog.2.1",
    "remove blog.2.1",
    `move blog.1.1 to ${fresh}`,
    "start blog.1.1",
  ]);
  assertEquals(server.serving(), ["blog.1.1"]);
});

Deno.test("rollOut() lets requests wait for the old replica at an address and port of its own when the port changes", async () => {
  using server = new BenchServer();
  await server.deploy();
  server.runtime.behaviours.set(2, "exits");
  await assertRejects(() => server.deploy({ port: 8080 }), NotReadyError);
  const waited = server.tables.flat().find(({ returning }) => returning !== undefined);
  const [back] = server.routedTo();
  assertEquals([waited?.port, waited?.returning], [8080, { address: back, port: 80 }]);
  assertEquals(waited?.addresses.includes(back ?? ""), false);
  assertEquals(server.serving(), ["blog.1.1"]);
  await server.deploy({ port: 8081 });
  assertEquals([server.tables.at(-1)?.[0]?.port, server.tables.at(-1)?.[0]?.returning], [8081, undefined]);
  assertEquals(server.serving(), ["blog.3.1"]);
});

Deno.test("rollOut() keeps http open without a redirect until the commit when https is new and scale is 0", async () => {
  using server = new BenchServer();
  const sites = (https: boolean) => [{ domain: "blog.example", path: "/", https }];
  await server.deploy({ sites: sites(false) });
  await server.deploy({ sites: sites(true) });
  const tables = server.tables.slice(-2).map((table) =>
    table.flatMap((route) => route.sites.map(({ https }) => https))
  );
  assertEquals(tables, [[true, false], [true]]);
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
