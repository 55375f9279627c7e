import { exportPrivateKey, generateKey, importPrivateKey, type KeyPair } from "../auth/keys.ts";
import { exportSealingKey, generateSealingKey, importSealingKey, type SealingKey } from "../auth/seal.ts";
import { Deploys } from "../daemon/deploys.ts";
import { ServiceActions } from "../daemon/service_actions.ts";
import { daemonHandler } from "../daemon/handler.ts";
import { Logins } from "../daemon/logins.ts";
import { Registries } from "../daemon/registries.ts";
import { Signer } from "../daemon/signer.ts";
import { publicUrls } from "../daemon/summary.ts";
import { API_USER, routeFileRenderer } from "../daemon/traefik_routes.ts";
import { RouteBoard } from "../deploy/route_board.ts";
import { DockerClient } from "../docker/client.ts";
import { EngineBuilder } from "../docker/engine_builder.ts";
import { EngineMachine } from "../docker/engine_machine.ts";
import { EngineRuntime } from "../docker/engine_runtime.ts";
import { EngineUses } from "../docker/engine_uses.ts";
import { checkCredential } from "../docker/registry_auth.ts";
import { messageOf, MyPaasError } from "../error.ts";
import { blobFolder } from "../host/blob_store.ts";
import { controlGroupUse } from "../host/control_group.ts";
import { readText, replaceFile } from "../host/files.ts";
import { sha256 } from "../host/hash.ts";
import { tryLock } from "../host/lock.ts";
import { machineProbes } from "../host/probes.ts";
import { trimMemory, trimsMemory, whenQuiet } from "../host/memory.ts";
import { dockerPlatform, programRuns, untilStopped } from "../host/process.ts";
import { serveUnix } from "../host/serve_unix.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { traefikCounts } from "../host/traefik_counts.ts";
import { TraefikTable } from "../host/traefik_table.ts";
import { VolumeFolders } from "../host/volume_folders.ts";
import { zstdDecompress } from "../host/zstd.ts";
import { UPLOAD_LIMITS, uploadHandler } from "../receiver/upload_handler.ts";
import { autoDomainSuffix } from "../service/auto_domain.ts";
import { objectNames } from "../service/names.ts";
import type { ServiceSpec, Volume } from "../service/spec.ts";
import { replicaRange } from "../setup/addresses.ts";
import { certificatePin } from "../setup/certificate_pin.ts";
import { runFolders } from "../setup/folders.ts";
import { type ServerLayout, serverLayout } from "../setup/layout.ts";
import { traefikAdminAddress } from "../setup/parts.ts";
import { RECEIVER_USER, type ServerSettings, serverUrl, shortId, TRAEFIK_API_PORT } from "../setup/settings.ts";
import { parseSettings } from "../setup/settings_file.ts";
import { SqliteAuditLog } from "../state/audit_log.ts";
import { Database } from "../state/database.ts";
import { SqliteEnvStore } from "../state/env_store.ts";
import { SqliteKeyStore } from "../state/key_store.ts";
import { SqliteRegistryStore } from "../state/registry_store.ts";
import { SqliteReleaseStore } from "../state/release_store.ts";
import { waitUntil } from "../wait.ts";
import type { CliContext } from "./context.ts";

/** How long the daemon waits for Docker at its start; the supervisor starts it again after that. */
const DOCKER_TIMEOUT_MS = 10 * 60 * 1000;

/** Runs the daemon until it is stopped. Deploys under way are taken up by the next start. */
export async function runDaemon({ root, version, terminal }: CliContext): Promise<void> {
  const layout = serverLayout(root);
  const settings = await readSettings(layout);
  using lock = tryLock(layout.daemonLock);
  if (lock === undefined) {
    throw new MyPaasError(`Cannot start the daemon of ${root}: another one runs`, {
      hint: "Look at it with: systemctl status mypaas.",
    });
  }
  using database = new Database(layout.database);
  const log = (line: string) => terminal.err(line);
  const ended = new AbortController();
  const { deploys, handlerParts, machine, names, runtime } = await assemble(
    { layout, settings, database, version, log },
    ended.signal,
  );
  // /run is empty after a boot.
  const files = new DiskServerFiles();
  for (const folder of runFolders(layout)) await files.makeFolder(folder);
  const queued = Promise.withResolvers<void>();
  const converged = converge({ deploys, machine, names, runtime, log, onQueued: queued.resolve }, ended.signal);
  converged.catch(queued.reject);
  // Nobody may ask for a deploy before the daemon ends with that failure.
  queued.promise.catch(() => {});
  const parts = { ...handlerParts, converged: queued.promise };
  const sockets = await Promise.all([
    serveUnix({ path: layout.daemonSocket, mode: 0o600 }, daemonHandler(parts, "local")),
    serveUnix(
      { path: layout.gateSocket, mode: 0o660, owner: { uid: 0, gid: RECEIVER_USER } },
      daemonHandler(parts, "gate"),
    ),
  ]);
  log(`mypaas ${version}: the daemon listens on ${layout.daemonSocket}`);
  const failed = converged.then(() => {
    log("the server is as its state says");
    return new Promise<never>(() => {});
  });
  try {
    // A server that cannot converge is given back to the supervisor, which starts the daemon again.
    await Promise.race([untilStopped(), failed]);
  } finally {
    ended.abort();
    await Promise.all(sockets.map((socket) => socket.close()));
  }
}

async function readSettings(layout: ServerLayout): Promise<ServerSettings> {
  const text = await readText(layout.settings);
  if (text !== undefined) return parseSettings(text, layout.settings);
  throw new MyPaasError(`Cannot start the daemon: there is no ${layout.settings}`, {
    hint: "Make this machine a server first: mypaas init.",
  });
}

interface Ground {
  readonly layout: ServerLayout;
  readonly settings: ServerSettings;
  readonly database: Database;
  readonly version: string;
  readonly log: (line: string) => void;
}

/** Joins the adapters to the daemon. */
async function assemble({ layout, settings, database, version, log }: Ground, signal: AbortSignal) {
  const { serverId } = settings;
  const now = () => new Date();
  const names = objectNames(shortId(settings, layout.root));
  const client = new DockerClient();
  const machine = new EngineMachine(client);
  const store = new SqliteReleaseStore(database);
  const specs = () => [...store.allLive(), ...store.pending()].map(({ spec }) => spec);
  const volumes = new VolumeFolders(settings.volumes, specs);
  const runtime = new EngineRuntime({
    client,
    names,
    instance: serverId,
    volumeSource: (_service, volume) => volumes.ensure(volume),
  });
  const onIdle = whenQuiet(() => giveMemoryBack(machine, names.receiver), signal);
  const keys = new SqliteKeyStore(database);
  const audit = new SqliteAuditLog(database);
  const registries = new SqliteRegistryStore(database);
  const envStore = new SqliteEnvStore(database);
  const urlsOf = (spec: ServiceSpec) => publicUrls(spec, { http: settings.httpPort, https: settings.httpsPort });
  const traefik = {
    apiUrl: `http://${traefikAdminAddress(settings)}:${TRAEFIK_API_PORT}`,
    user: API_USER,
    password: settings.apiPassword,
  };
  const render = await routeFileRenderer(settings);
  const table = new TraefikTable({ ...traefik, routesFile: layout.routesFile, render });
  const uses = new EngineUses({ client, instance: serverId, kernelUse: controlGroupUse });
  const ground = {
    runtime,
    builder: new EngineBuilder({
      client,
      names,
      instance: serverId,
      kind: settings.builder,
      credentials: (host) => registries.credential(host),
    }),
    probes: machineProbes(),
    routes: new RouteBoard(table),
    store,
    now,
    envStore,
    ingressNetwork: names.networks.ingress,
    onIdle,
    log,
  };
  const volumePlace = (service: string, volume: Volume) =>
    volume.kind === "bind" ? volumes.path(volume) : `the Docker volume ${names.volume(service, volume.source)}`;
  const deploys = new Deploys({
    ...ground,
    ranges: {
      ingress: replicaRange(settings.networks.ingress),
      internal: replicaRange(settings.networks.internal),
    },
    checkVolumes: (spec) => volumes.check(spec),
    reservedDomains: settings.domain === undefined ? [] : [settings.domain],
    reservedPorts: [settings.httpPort, settings.httpsPort],
    platform: dockerPlatform(),
    builderKind: settings.builder,
    urlsOf,
    volumePlace,
    address: settings.address,
    autoDomain: settings.autoDomain && autoDomainSuffix(settings.autoDomain, settings.address),
  }, signal);
  const daemonKey = await ownKey(layout);
  const server = {
    url: serverUrl(settings),
    serverId,
    daemonKey: daemonKey.publicKey,
    certificatePin: settings.domain === undefined ? await pinOf(layout) : undefined,
  };
  const local = blobFolder(layout.blobs);
  const handlerParts = {
    serverId,
    version,
    now,
    store,
    runtime,
    load: { uses: (services: ReadonlySet<string>) => uses.uses(services), counts: () => traefikCounts(traefik) },
    deploys,
    actions: new ServiceActions({ ...ground, volumePlace }, deploys.work),
    keys,
    nonces: keys,
    audit,
    registries: new Registries({
      store: registries,
      check: (credential) => checkCredential(client, credential),
      now,
    }),
    envStore,
    sealingKey: await ownSealingKey(layout),
    logins: new Logins({ serverId, keys, audit, now, server }),
    sources: { local, gate: blobFolder(layout.spool) },
    uploads: uploadHandler({ store: local, digest: sha256, decompress: zstdDecompress, limits: UPLOAD_LIMITS }),
    urlsOf,
    onIdle,
    signer: new Signer(serverId, daemonKey),
    log,
  };
  return { deploys, handlerParts, machine, names, runtime };
}

/** Waits for Docker, starts Traefik and the receiver when they do not run, then converges the services. */
async function converge(
  { deploys, machine, names, runtime, log, onQueued }: {
    readonly deploys: Deploys;
    readonly machine: EngineMachine;
    readonly names: ReturnType<typeof objectNames>;
    readonly runtime: Pick<EngineRuntime, "removeOneOffs">;
    readonly log: (line: string) => void;
    readonly onQueued: () => void;
  },
  signal: AbortSignal,
): Promise<void> {
  let told = false;
  await waitUntil(async () => {
    try {
      await machine.version();
      return true;
    } catch (error) {
      if (!told) log(`waiting for Docker: ${messageOf(error)}`);
      told = true;
      return false;
    }
  }, { what: "Docker answers", timeoutMs: DOCKER_TIMEOUT_MS, intervalMs: 200, signal });
  for (const name of [names.traefik, names.receiver]) {
    const part = await machine.part(name);
    if (part === undefined) log(`the container ${name} is missing: mypaas init makes it again`);
    else if (!part.running) await machine.startPart(name);
  }
  const leftovers = runtime.removeOneOffs(async ({ owner }) => !await programRuns(owner));
  const removed = leftovers.catch((error) => log(`removing what mypaas run has left: ${messageOf(error)}`));
  await deploys.work.reconcile(onQueued);
  await removed;
}

/** After a push the daemon and the receiver are idle for a long time. The receiver may not send signals, so that is done here. */
function giveMemoryBack(machine: EngineMachine, receiver: string): void {
  if (!trimsMemory()) return;
  trimMemory();
  // A receiver that is away has nothing to give.
  machine.signalPart(receiver, "SIGUSR2").catch(() => {});
}

/** The daemon's own key, made at its first start. */
async function ownKey({ daemonKey }: ServerLayout): Promise<KeyPair> {
  const saved = await readText(daemonKey);
  if (saved !== undefined) return await importPrivateKey(saved);
  const key = await generateKey();
  await replaceFile(daemonKey, `${await exportPrivateKey(key)}\n`, 0o600);
  return key;
}

/** The key that secrets are sealed to, made at the daemon's first start. */
async function ownSealingKey({ sealingKey }: ServerLayout): Promise<SealingKey> {
  const saved = await readText(sealingKey);
  if (saved !== undefined) return await importSealingKey(saved);
  const key = await generateSealingKey();
  await replaceFile(sealingKey, `${await exportSealingKey(key)}\n`, 0o600);
  return key;
}

async function pinOf({ certificate }: ServerLayout): Promise<string> {
  const pem = await readText(certificate);
  if (pem !== undefined) return await certificatePin(pem);
  throw new MyPaasError(`Cannot start the daemon: there is no ${certificate}`, {
    hint: "Run mypaas init again: it makes what is missing.",
  });
}
