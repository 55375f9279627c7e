import type { BlobSource } from "../../src/archive/blobs.ts";
import { assertEquals, assertMatch, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { acceptDeploy, type AcceptedDeploy, type AcceptParts } from "../../src/daemon/accept.ts";
import { checkClaims } from "../../src/daemon/claims.ts";
import { MyPaasError, UsageError } from "../../src/error.ts";
import { sha256 } from "../../src/host/hash.ts";
import type { ManifestEntry } from "../../src/wire/manifest.ts";
import type { DeployRequest } from "../../src/wire/requests.ts";
import { BenchServer, SPEC } from "../deploy/bench_server.ts";
import { dockerfile } from "./bench_daemon.ts";

/** A Dockerfile in chunks of 10 bytes. */
function chunked(text: string) {
  const content = new TextEncoder().encode(text);
  const stored = new Map<string, Uint8Array<ArrayBuffer>>();
  const chunks = [];
  for (let at = 0; at < content.length; at += 10) {
    const chunk = content.slice(at, at + 10);
    const digest = sha256(chunk);
    stored.set(digest, chunk);
    chunks.push({ digest, size: chunk.length });
  }
  const entry: ManifestEntry = { type: "file", path: "Dockerfile", mode: 0o644, size: content.length, chunks };
  return { entry, stored };
}

/** Takes a request whose Dockerfile has this text. */
async function accept(
  text: string,
  change: Partial<DeployRequest> = {},
  parts: Partial<AcceptParts> = {},
): Promise<AcceptedDeploy> {
  const { entry, stored } = chunked(text);
  const request: DeployRequest = {
    service: "blog",
    dockerfile: "Dockerfile",
    manifest: { entries: [entry] },
    force: false,
    dryRun: false,
    ...change,
  };
  const all: AcceptParts = {
    checkVolumes: () => Promise.resolve(),
    platform: "linux/amd64",
    builderKind: "buildkit",
    quotas: { maxContext: 4 << 20, maxFiles: 2 },
    ...parts,
  };
  const source: BlobSource = {
    read: (service, { digest }) => {
      const chunk = stored.get(digest);
      if (service !== "blog" || chunk === undefined) throw new MyPaasError(`Cannot read the blob "${digest}"`);
      return Promise.resolve(chunk);
    },
    gone: () => Promise.resolve([]),
  };
  return await acceptDeploy(all, request, { source });
}

async function refuses(deploy: Promise<AcceptedDeploy>, sentence: string): Promise<void> {
  assertEquals((await assertRejects(() => deploy, UsageError)).message, sentence);
}

Deno.test("acceptDeploy() reads the service from the Dockerfile, joined from its chunks", async () => {
  const { service } = await accept(dockerfile("blog", "domain = bücher.example", "port = 8000"));
  assertEquals([service.spec.name, service.spec.port, service.spec.sites.map(({ domain }) => domain)], ["blog", 8000, [
    "xn--bcher-kva.example",
  ]]);
  assertEquals(service.baseImages, ["busybox"]);
});

Deno.test("acceptDeploy() gives a service without a domain its name below the server's, as a part of what is deployed", async () => {
  const autoDomain = "192-0-2-7.sslip.io";
  const bare = await accept(dockerfile("blog"));
  const named = await accept(dockerfile("blog"), {}, { autoDomain });
  assertEquals(named.service.spec.sites, [{ domain: "blog.192-0-2-7.sslip.io", path: "/", https: false }]);
  assertNotEquals(named.contentDigest, bare.contentDigest);
  assertEquals((await accept(dockerfile("blog", "domain = none"), {}, { autoDomain })).service.spec.sites, []);
});

Deno.test("acceptDeploy() gives one digest for what would be the same release, and another for each change", async () => {
  const text = dockerfile("blog");
  const digest = async (...args: Parameters<typeof accept>) => (await accept(...args)).contentDigest;
  const first = await digest(text);
  assertEquals(await digest(text), first);
  assertEquals(await digest(text, { force: true }), first);
  assertNotEquals(await digest(`${text}\n`), first);
  const manifest = { entries: [chunked(text).entry, { type: "dir", path: "new", mode: 0o755 } as const] };
  assertNotEquals(await digest(text, { manifest }), first);
});

Deno.test("acceptDeploy() refuses a Dockerfile that was not sent, or is no file", async () => {
  const sentence = 'Cannot deploy "blog": the files that were sent have no "Dockerfile"';
  await refuses(accept("", { manifest: { entries: [] } }), sentence);
  const link: ManifestEntry = { type: "link", path: "Dockerfile", target: "/etc/passwd" };
  await refuses(accept("", { manifest: { entries: [link] } }), sentence);
  await refuses(
    accept(dockerfile("blog"), { dockerfile: "other/Dockerfile" }),
    'Cannot deploy "blog": the files that were sent have no "other/Dockerfile"',
  );
});

Deno.test("acceptDeploy() refuses more bytes or files than a push may have", async () => {
  const dockerfileText = dockerfile("blog");
  const { entry } = chunked(dockerfileText);
  const folder = (path: string): ManifestEntry => ({ type: "dir", path, mode: 0o755 });
  const many = { manifest: { entries: [entry, folder("a"), folder("b")] } };
  await refuses(
    accept(dockerfileText, many),
    'Cannot deploy "blog": what is sent for it has 3 files and folders, and a push may have 2',
  );
  const large: ManifestEntry = { type: "file", path: "a", mode: 0o644, size: 5 << 20, chunks: [] };
  await refuses(
    accept(dockerfileText, { manifest: { entries: [entry, large] } }),
    'Cannot deploy "blog": what is sent for it has 5 MiB, and a push may have 4 MiB',
  );
});

Deno.test("acceptDeploy() reads no Dockerfile that is larger than 1 MiB", async () => {
  const size = (1 << 20) + 1;
  const entry: ManifestEntry = { type: "file", path: "Dockerfile", mode: 0o644, size, chunks: [] };
  await refuses(
    accept("", { manifest: { entries: [entry] } }),
    `Cannot read "Dockerfile": it has ${size} bytes, allowed are ${1 << 20}`,
  );
});

Deno.test("acceptDeploy() passes on that a chunk is missing", async () => {
  const chunk = { digest: "0".repeat(64), size: 1 };
  const entry: ManifestEntry = { type: "file", path: "Dockerfile", mode: 0o644, size: 1, chunks: [chunk] };
  await assertRejects(() => accept("", { manifest: { entries: [entry] } }), MyPaasError, "Cannot read the blob");
});

Deno.test("acceptDeploy() refuses a Dockerfile that names another service than the request", async () => {
  await refuses(accept(dockerfile("shop")), 'Cannot deploy "blog": its Dockerfile names the service "shop"');
});

Deno.test("acceptDeploy() refuses an option that is wrong, naming the line", async () => {
  await refuses(
    accept(dockerfile("blog", "port = 0")),
    'Cannot read option "port" in Dockerfile line 3: "0" is not a port; it takes a number from 1 to 65535',
  );
});

for (
  const instruction of [
    "FROM mypaas/shop:3",
    "FROM docker.io/mypaas-ab12cd/shop:3",
    "FROM busybox\nCOPY --from=mypaas/shop:3 /secret /",
    "FROM busybox\nRUN --mount=type=bind,from=mypaas/shop,target=/x cat /x/secret",
    "ARG BASE=mypaas/shop:3\nFROM ${BASE}",
  ]
) {
  Deno.test(`acceptDeploy() refuses ${JSON.stringify(instruction)}: the image is another service's`, async () => {
    const text = `# mypaas.servicename = blog\n${instruction}\n`;
    const error = await assertRejects(() => accept(text), UsageError);
    assertMatch(error.message, /^Cannot use the image "\S+": it belongs to a service$/);
  });
}

Deno.test("acceptDeploy() has the volumes checked", async () => {
  const seen: unknown[] = [];
  const checkVolumes: AcceptParts["checkVolumes"] = (spec) => {
    seen.push(...spec.volumes);
    return Promise.reject(new UsageError("Cannot use the volume"));
  };
  const text = dockerfile("blog", "volume = /etc:/data");
  await refuses(accept(text, {}, { checkVolumes }), "Cannot use the volume");
  assertEquals(seen.length, 1);
});

const NOTHING_RESERVED = { reservedDomains: [], reservedPorts: [] };

function sites(...domains: readonly string[]) {
  return domains.map((domain) => ({ domain, path: "/", https: false }));
}

function release(server: BenchServer, name: string, domains: readonly string[]) {
  const spec = { ...SPEC, name, sites: sites(...domains) };
  return server.store.createRelease({ spec, env: [], contentDigest: "", by: "test", at: new Date().toISOString() });
}

Deno.test("checkClaims() lets a service keep its own, and take what nobody has", () => {
  using server = new BenchServer();
  const { number } = release(server, "blog", ["blog.example"]);
  server.store.commit("blog", number, "");
  checkClaims({ ...NOTHING_RESERVED, store: server.store }, { ...SPEC, sites: sites("blog.example", "new.example") });
});

Deno.test("checkClaims() names the owner, whether it is live or about to be", () => {
  using server = new BenchServer();
  const parts = { ...NOTHING_RESERVED, store: server.store, reservedDomains: ["paas.example"] };
  const check = (...domains: string[]) => () => checkClaims(parts, { ...SPEC, sites: sites(...domains) });
  const { number } = release(server, "shop", ["shop.example"]);
  const taken = 'Cannot use the domain "shop.example" for "blog": it belongs to "shop"';
  assertEquals(assertThrows(check("blog.example", "shop.example"), MyPaasError).message, taken);
  server.store.commit("shop", number, "");
  const error = assertThrows(check("shop.example"), MyPaasError);
  assertEquals([error.message, error.kind], [taken, "failed"]);
  assertEquals(
    error.hint,
    'Choose another domain, or take it out of the Dockerfile of "shop" and deploy that first.',
  );
  assertEquals(
    assertThrows(check("paas.example"), UsageError).message,
    'Cannot use the domain "paas.example" for "blog": it is the server\'s own',
  );
});

Deno.test("checkClaims() gives a domain free that the live release of its owner no longer has", () => {
  using server = new BenchServer();
  for (const domains of [["shop.example"], []]) {
    server.store.commit("shop", release(server, "shop", domains).number, "");
  }
  const failed = release(server, "shop", ["shop.example"]);
  server.store.fail("shop", failed.number, "failed", "no", "");
  checkClaims({ ...NOTHING_RESERVED, store: server.store }, { ...SPEC, sites: sites("shop.example") });
});
