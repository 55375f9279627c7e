import { generateKey, type KeyPair } from "../../src/auth/keys.ts";
import { PROOF_HEADER, type ProofContext, verifyAnswer } from "../../src/auth/proof.ts";
import { generateSealingKey, type SealingKey } from "../../src/auth/seal.ts";
import { newNonce, signRequest } from "../../src/auth/request_signature.ts";
import { watchLive } from "../../src/cli/daemon_watch.ts";
import { DamagedPart } from "../../src/archive/blobs.ts";
import type { Chunk } from "../../src/wire/manifest.ts";
import { DamagedParts } from "../../src/daemon/damaged_parts.ts";
import { Deploys, type DeploysParts } from "../../src/daemon/deploys.ts";
import { ServiceActions } from "../../src/daemon/service_actions.ts";
import type { Deploy } from "../../src/daemon/work.ts";
import { daemonHandler, type HandlerParts } from "../../src/daemon/handler.ts";
import { Logins } from "../../src/daemon/logins.ts";
import { Registries } from "../../src/daemon/registries.ts";
import { Signer } from "../../src/daemon/signer.ts";
import { StandStill } from "../../src/daemon/stand_still.ts";
import type { StoredKey } from "../../src/daemon/stores.ts";
import { publicUrls } from "../../src/daemon/summary.ts";
import type { BuildLine } from "../../src/deploy/runtime.ts";
import { MyPaasError } from "../../src/error.ts";
import { sha256 } from "../../src/host/hash.ts";
import { zstdDecompress } from "../../src/host/zstd.ts";
import { UPLOAD_LIMITS, uploadHandler } from "../../src/receiver/upload_handler.ts";
import { DEFAULT_QUOTAS } from "../../src/setup/settings.ts";
import { SqliteAuditLog } from "../../src/state/audit_log.ts";
import type { RegistryCredential } from "../../src/service/registry.ts";
import { SqliteBlobLists } from "../../src/state/blob_lists.ts";
import { SqliteEnvStore } from "../../src/state/env_store.ts";
import { SqliteKeyStore } from "../../src/state/key_store.ts";
import { SqliteRegistryStore } from "../../src/state/registry_store.ts";
import { waitUntil } from "../../src/wait.ts";
import type { NumberedEvent } from "../../src/wire/events.ts";
import type { Manifest } from "../../src/wire/manifest.ts";
import type { DeployRequest } from "../../src/wire/requests.ts";
import { BenchServer } from "../deploy/bench_server.ts";
import { MemoryBlobs } from "../fakes/memory_blobs.ts";
import { MemoryBuilder } from "../fakes/memory_builder.ts";
import { MemoryManifests } from "../fakes/memory_manifests.ts";
import { MemoryLoad } from "../fakes/memory_load.ts";
import { MemoryPauses } from "../fakes/memory_pauses.ts";

/** An answer of the gate to a signed request. */
export interface GateAnswer {
  readonly status: number;
  readonly text: string;
  /** Whether the answer as a whole carries the daemon's proof; a wrong one throws. */
  readonly proved: boolean;
  /** With it, `verifyEvent` checks the proofs inside. */
  readonly context: ProofContext & { readonly daemonKey: string };
}

/** Both doors of a daemon, with real signatures and a real database; containers, images and blobs are in memory. */
export class BenchDaemon implements AsyncDisposable {
  readonly serverId = "0123456789abcdef0123456789abcdef";
  readonly server = new BenchServer();
  readonly keys = new SqliteKeyStore(this.server.database);
  readonly audit = new SqliteAuditLog(this.server.database);
  readonly env = new SqliteEnvStore(this.server.database);
  readonly blobs = new MemoryBlobs();
  readonly blobLists = new SqliteBlobLists(this.server.database);
  /** The disk that images are built on. */
  disk = { free: 2 ** 40, reserve: 2 ** 30 };
  readonly manifests = new MemoryManifests();
  readonly pauses = new MemoryPauses();
  readonly images: MemoryBuilder = new MemoryBuilder((image, onLine) => this.onBuild(image, onLine));
  /** Every build that began, such as `blog:1`. */
  readonly builds: readonly string[] = this.images.builds;
  /** How often memory was given back. */
  freed = 0;
  /** What whoever runs the daemon was told. */
  readonly logged: string[] = [];
  /** What a build does; what it throws is how it fails. */
  onBuild: (image: string, onLine: (line: BuildLine) => void) => Promise<void> | void = () => {};
  /** What a registry says to a login; what it throws is its refusal. */
  onRegistryLogin: (credential: RegistryCredential) => Promise<void> = () => Promise.resolve();
  now: () => Date = () => new Date();
  /** What the machine says its services use. */
  readonly load = new MemoryLoad();
  readonly deploys: Deploys;
  readonly parts: HandlerParts;
  readonly local: (request: Request) => Promise<Response>;
  readonly gate: (request: Request) => Promise<Response>;
  readonly #daemonKey: KeyPair;
  readonly #stop = new AbortController();

  static async start(change: Partial<DeploysParts> = {}): Promise<BenchDaemon> {
    return new BenchDaemon(await generateKey(), await generateSealingKey(), change);
  }

  private constructor(daemonKey: KeyPair, sealingKey: SealingKey, change: Partial<DeploysParts>) {
    this.#daemonKey = daemonKey;
    const { serverId, server, keys, audit, env: envStore, blobs } = this;
    const now = () => this.now();
    const urlsOf: HandlerParts["urlsOf"] = (spec) => publicUrls(spec, { http: 80, https: 443 });
    const log = (line: string) => void this.logged.push(line);
    const onIdle = () => {};
    const ground = { ...server.parts, now, builder: this.images, urlsOf, onIdle, log, retryPauseMs: 5 };
    const live = watchLive({ ...ground, probationMs: 300, unhealthyMs: 50 }, () => this.deploys, this.#stop.signal);
    const volumePlace = (service: string, { source }: { readonly source: string }) => `/volumes/${service}/${source}`;
    this.deploys = new Deploys({
      ...ground,
      counts: () => this.load.counts(),
      onLive: live.onLive,
      envStore,
      checkVolumes: () => Promise.resolve(),
      reservedDomains: ["paas.example"],
      reservedPorts: [80, 443],
      platform: "linux/amd64",
      volumePlace,
      address: "192.0.2.7",
      builderKind: "buildkit",
      quotas: DEFAULT_QUOTAS,
      buildSpace: () => Promise.resolve(this.disk),
      blobLists: this.blobLists,
      certificateNotes: () => Promise.resolve([]),
      ...change,
    }, this.#stop.signal);
    const source = {
      read: (service: string, { digest, size }: Chunk) => {
        const content = blobs.stored.get(`${service}/${digest}`);
        if (content === undefined) throw new MyPaasError(`Cannot read the blob "${digest}": it is missing`);
        if (content.length !== size) throw new DamagedPart(`Cannot read the blob "${digest}": it has another size`);
        return Promise.resolve(new Uint8Array(content));
      },
      gone: (service: string, digests: Iterable<string>) =>
        Promise.resolve([...digests].filter((digest) => !blobs.stored.has(`${service}/${digest}`))),
    };
    const url = "https://paas.example";
    this.parts = {
      serverId,
      version: "0.1.0",
      now,
      store: server.store,
      runtime: server.runtime,
      load: this.load,
      deploys: this.deploys,
      probation: live.probation,
      actions: new ServiceActions({ ...ground, volumePlace }, this.deploys.work),
      keys,
      nonces: keys,
      audit,
      registries: new Registries({
        store: new SqliteRegistryStore(server.database),
        check: (credential) => this.onRegistryLogin(credential),
        now,
      }),
      envStore,
      sealingKey,
      logins: new Logins({
        serverId,
        keys,
        audit,
        now,
        server: { url, serverId, daemonKey: daemonKey.publicKey, certificatePin: undefined },
      }),
      sources: { local: new DamagedParts(source), gate: new DamagedParts(source) },
      uploads: uploadHandler({
        store: blobs,
        room: { take: () => Promise.resolve() },
        quotas: DEFAULT_QUOTAS,
        digest: sha256,
        decompress: zstdDecompress,
        limits: UPLOAD_LIMITS,
      }),
      blobLists: this.blobLists,
      manifests: this.manifests,
      certificates: { summaries: () => Promise.resolve([]), lookAtAll: () => Promise.resolve([]) },
      urlsOf,
      onIdle,
      freeMemory: () => void this.freed++,
      converged: Promise.resolve(),
      signer: new Signer(serverId, daemonKey),
      standStill: new StandStill({ pauses: this.pauses, work: this.deploys.work, log }),
      log,
    };
    live.run();
    this.local = daemonHandler(this.parts, "local");
    this.gate = daemonHandler(this.parts, "gate");
  }

  /** A laptop whose key is registered. */
  async laptop({ name = "ann", role = "deploy", scope = ["*"] }: Partial<StoredKey> = {}): Promise<KeyPair> {
    const key = await generateKey();
    const { id, publicKey } = key;
    this.keys.redeem("no invite", { id, publicKey, name, role, scope, createdAt: new Date().toISOString() });
    return key;
  }

  /**
   * A request as a laptop signs it.
   *
   * @param where such as `GET /v1/services`
   * @param streamed it has a body of which nothing is known yet
   */
  async signed(
    key: KeyPair,
    where: string,
    { json, streamed = false, nonce = newNonce(), serverId = this.serverId }: {
      readonly json?: unknown;
      readonly streamed?: boolean;
      readonly nonce?: string;
      readonly serverId?: string;
    } = {},
  ): Promise<Request> {
    const [method = "", path = ""] = where.split(" ");
    const url = new URL(path, "http://daemon");
    const text = json === undefined ? "" : JSON.stringify(json);
    const body = method === "GET" || streamed ? undefined : new TextEncoder().encode(text);
    const parts = { method, path: url.pathname, query: url.search, body };
    const headers = await signRequest(parts, key, { serverId, now: this.now(), nonce });
    return new Request(url, { method, headers, ...body !== undefined && { body } });
  }

  /** Signs a request, sends it through the gate and reads the answer to its end. */
  async ask(key: KeyPair, where: string, json?: unknown): Promise<GateAnswer> {
    const nonce = newNonce();
    const { status, headers, ...response } = await read(
      await this.gate(await this.signed(key, where, { nonce, json })),
    );
    const context = { serverId: this.serverId, keyId: key.id, nonce, daemonKey: this.#daemonKey.publicKey };
    const proved = headers.has(PROOF_HEADER);
    if (proved) await verifyAnswer({ status, headers, body: response.body }, context);
    return { status, text: new TextDecoder().decode(response.body), proved, context };
  }

  /** Stores files as a push does, and makes the request that deploys them. `Dockerfile` needs a service's name. */
  async request(files: Readonly<Record<string, string>>, change: Partial<DeployRequest> = {}): Promise<DeployRequest> {
    const service = change.service ?? /servicename = (\S+)/.exec(files["Dockerfile"] ?? "")?.[1] ?? "";
    const entries: Manifest["entries"][number][] = [];
    for (const path of Object.keys(files).sort()) {
      const content = new TextEncoder().encode(files[path]);
      const digest = sha256(content);
      await this.blobs.put(service, [{ digest, content }]);
      const size = content.length;
      entries.push({ type: "file", path, mode: 0o644, size, chunks: size === 0 ? [] : [{ digest, size }] });
    }
    return { service, dockerfile: "Dockerfile", manifest: { entries }, force: false, dryRun: false, ...change };
  }

  /** Deploys and waits for the end; the last event is how it went. */
  async deploy(
    files: Readonly<Record<string, string>>,
    change: Partial<DeployRequest> = {},
  ): Promise<readonly NumberedEvent[]> {
    return await this.events(await this.submit(await this.request(files, change)));
  }

  submit(request: DeployRequest): Promise<Deploy> {
    return this.deploys.submit(request, { source: this.parts.sources.local, door: "local", by: "test" });
  }

  /** All that a deploy tells, up to its end. */
  async events({ log }: Deploy): Promise<readonly NumberedEvent[]> {
    return await Array.fromAsync(log.follow(0, this.#stop.signal));
  }

  /** Waits until nothing but live releases is on the machine, and they run unless they were stopped: what a deploy leaves to be done behind its end is done. */
  async settled(): Promise<void> {
    const { runtime, store } = this.server;
    await waitUntil(
      () =>
        [...runtime.replicas.values()].every(({ id, status }) =>
          id.release === store.live(id.service)?.number &&
          status === (store.serviceState(id.service) === "stopped" ? "exited" : "running")
        ),
      { what: "old releases are gone", timeoutMs: 5000, intervalMs: 5 },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    this.#stop.abort();
    this.server[Symbol.dispose]();
  }
}

/** A Dockerfile of a service. @param options such as `domain = blog.example` */
export function dockerfile(service: string, ...options: readonly string[]): string {
  return ["FROM busybox", ...[`servicename = ${service}`, ...options].map((option) => `# mypaas.${option}`)].join("\n");
}

async function read(response: Response) {
  return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
}
