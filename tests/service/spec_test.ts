import { assertEquals } from "@std/assert";
import { completeSpec, domainsOf, publishedName, type StoredSpec } from "../../src/service/spec.ts";

/** What mypaas 0.1.0 wrote into the state, before there were sites. */
const FIRST_VERSION =
  `{"name":"blog","domains":["a.example","b.example"],"https":false,"volumes":[{"kind":"named","source":"data","target":"/data","readOnly":false}],"port":8080,"scale":2,"env":[{"name":"A","value":"1"}],"startTimeoutSeconds":60,"drainTimeoutSeconds":30,"stopGraceSeconds":10}`;

Deno.test("completeSpec() reads a spec that the first version stored", () => {
  assertEquals(completeSpec(JSON.parse(FIRST_VERSION) as StoredSpec), {
    name: "blog",
    sites: [{ domain: "a.example", path: "/", https: false }, { domain: "b.example", path: "/", https: false }],
    hsts: false,
    volumes: [{ kind: "named", source: "data", target: "/data", readOnly: false }],
    port: 8080,
    publish: [],
    scale: 2,
    peers: undefined,
    env: [{ name: "A", value: "1" }],
    storedEnv: [],
    fileEnv: undefined,
    buildArgs: [],
    healthcheck: undefined,
    maxMemoryBytes: undefined,
    maxCpus: undefined,
    startTimeoutSeconds: 60,
    drainTimeoutSeconds: 30,
    stopGraceSeconds: 10,
  });
});

Deno.test("completeSpec() gives a spec of this version back as it was, after JSON too", () => {
  const spec = {
    ...completeSpec(JSON.parse(FIRST_VERSION) as StoredSpec),
    sites: [{ domain: "a.example", path: "/x", https: true }],
    hsts: true,
    publish: [{ hostPort: 53, port: 5353, protocol: "udp" as const }],
    healthcheck: { path: "/", intervalMs: 1000, timeoutMs: 5000 },
    maxMemoryBytes: 2 ** 29,
    peers: ["web"],
  };
  assertEquals(completeSpec(JSON.parse(JSON.stringify(spec)) as StoredSpec), spec);
});

Deno.test("domainsOf() names each domain once", () => {
  const site = (domain: string, path: string) => ({ domain, path, https: false });
  assertEquals(domainsOf({ sites: [site("b.b", "/x"), site("a.a", "/"), site("b.b", "/")] }), ["b.b", "a.a"]);
});

Deno.test("publishedName() names the protocol only where it is not TCP", () => {
  assertEquals(publishedName({ hostPort: 53, port: 1, protocol: "udp" }), "53/udp");
  assertEquals(publishedName({ hostPort: 53, port: 1, protocol: "tcp" }), "53");
});
