import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { checkClaims } from "../../src/daemon/claims.ts";
import { MyPaasError } from "../../src/error.ts";
import type { ServiceSpec } from "../../src/service/spec.ts";
import { Database } from "../../src/state/database.ts";
import { SqliteReleaseStore } from "../../src/state/release_store.ts";
import { BenchDaemon, dockerfile } from "./bench_daemon.ts";
import { SPEC } from "../deploy/bench_server.ts";

const OWNED: Partial<ServiceSpec> = {
  sites: [{ domain: "a.example", path: "/", https: true }, { domain: "b.example", path: "/shop", https: false }],
  publish: [{ hostPort: 5432, port: 5432, protocol: "tcp" }, { hostPort: 53, port: 53, protocol: "udp" }],
};

/** What is said when `blog` asks for something, while `shop` is pending or live with what it owns. */
function refusal(wanted: Partial<ServiceSpec>, { live = true, owner = "shop" } = {}): string | undefined {
  using database = new Database(":memory:");
  const store = new SqliteReleaseStore(database);
  const spec = { ...SPEC, ...OWNED, name: owner };
  const { number } = store.createRelease({ spec, env: [], contentDigest: "", by: "test", at: "" });
  if (live) store.commit(owner, number, "");
  const parts = { store, reservedDomains: ["paas.example"], reservedPorts: [80, 443] };
  const check = () => checkClaims(parts, { ...SPEC, sites: [], ...wanted });
  try {
    check();
    return undefined;
  } catch {
    return assertThrows(check, MyPaasError).message;
  }
}

function site(domain: string, path = "/"): Partial<ServiceSpec> {
  return { sites: [{ domain, path, https: false }] };
}

function port(hostPort: number, protocol: "tcp" | "udp" = "tcp"): Partial<ServiceSpec> {
  return { publish: [{ hostPort, port: 1, protocol }] };
}

Deno.test("checkClaims() refuses a domain that another service has or is about to have, over http or https", () => {
  const sentence = 'Cannot use the domain "a.example" for "blog": it belongs to "shop"';
  assertEquals(refusal(site("a.example")), sentence);
  assertEquals(refusal(site("a.example"), { live: false }), sentence);
  assertEquals(refusal(site("a.example"), { owner: "blog" }), undefined);
});

Deno.test("checkClaims() lets services share a domain by paths, each path for one of them", () => {
  assertEquals(refusal(site("a.example", "/blog")), undefined);
  assertEquals(refusal(site("b.example", "/shopping")), undefined);
  assertEquals(refusal(site("b.example")), undefined);
  assertEquals(
    refusal(site("b.example", "/shop")),
    'Cannot use the domain "b.example/shop" for "blog": it belongs to "shop"',
  );
});

Deno.test("a key that is not for a service takes no path of its domain, and keeps one that was given", async () => {
  await using daemon = await BenchDaemon.start();
  await daemon.deploy({ Dockerfile: dockerfile("bank", "url = https://bank.example") });
  const ann = await daemon.laptop({ name: "ann", scope: ["blog"] });
  const push = async (path: string) => {
    const files = { Dockerfile: dockerfile("blog", "scale = 1", `url = https://bank.example${path}`) };
    return (await daemon.ask(ann, "POST /v1/deploy?service=blog", await daemon.request(files))).text;
  };
  assertStringIncludes(await push("/login"), 'Cannot use the domain \\"bank.example/login\\" for \\"blog\\"');
  await daemon.deploy({ Dockerfile: dockerfile("blog", "url = https://bank.example/blog") });
  assertStringIncludes(await push("/blog"), '"kind":"live"');
  assertStringIncludes(await push("/login"), 'has that domain, and your key is not for \\"bank\\"');
  const restart = await daemon.ask(ann, "POST /v1/services/blog/restart");
  assertStringIncludes(restart.text, '"kind":"live"');
});

Deno.test("checkClaims() refuses the server's own domain, under any path", () => {
  const sentence = (name: string) => `Cannot use the domain "${name}" for "blog": it is the server's own`;
  assertEquals(refusal(site("paas.example")), sentence("paas.example"));
  assertEquals(refusal(site("paas.example", "/v1")), sentence("paas.example/v1"));
});

Deno.test("checkClaims() refuses a port that another service publishes, or that is the server's own", () => {
  assertEquals(refusal(port(5432)), 'Cannot publish port 5432 for "blog": "shop" has it');
  assertEquals(refusal(port(53, "udp")), 'Cannot publish port 53/udp for "blog": "shop" has it');
  assertEquals(refusal(port(443)), 'Cannot publish port 443 for "blog": it is the server\'s own, for http and https');
  assertEquals(refusal(port(5432), { owner: "blog" }), undefined);
});

Deno.test("checkClaims() tells TCP from UDP", () => {
  for (const free of [port(5432, "udp"), port(53), port(443, "udp")]) assertEquals(refusal(free), undefined);
});

Deno.test("a key that is not for all services publishes what the live release has, and no other port", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop({ name: "ann", scope: ["blog"] });
  const push = async (port: number) => {
    const files = { Dockerfile: dockerfile("blog", `publish = ${port}:80`) };
    return (await daemon.ask(ann, "POST /v1/deploy?service=blog", await daemon.request(files))).text;
  };
  assertStringIncludes(await push(2222), "your key is not for all services, and a port is the server's");
  await daemon.deploy({ Dockerfile: dockerfile("blog", "publish = 2222:80") });
  assertStringIncludes(await push(2222), '"kind":"live"');
  assertStringIncludes(await push(2223), "your key is not for all services");
});
