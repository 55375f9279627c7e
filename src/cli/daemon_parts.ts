import { Deploys } from "../daemon/deploys.ts";
import { ServiceActions } from "../daemon/service_actions.ts";
import { keptBlobs } from "../daemon/blob_lists.ts";
import { DamagedParts } from "../daemon/damaged_parts.ts";
import type { HandlerParts } from "../daemon/handler.ts";
import { Logins } from "../daemon/logins.ts";
import { PartWatch } from "../daemon/part_watch.ts";
import { Registries } from "../daemon/registries.ts";
import { Signer } from "../daemon/signer.ts";
import { StandStill } from "../daemon/stand_still.ts";
import { publicUrls } from "../daemon/summary.ts";
import { API_USER, routeFileRenderer } from "../daemon/traefik_routes.ts";
import { RouteBoard } from "../deploy/route_board.ts";
import { DockerClient } from "../docker/client.ts";
import { EngineBuilder } from "../docker/engine_builder.ts";
import { EngineMachine } from "../docker/engine_machine.ts";
import { EnginePauses } from "../docker/engine_pauses.ts";
import { EngineRuntime } from "../docker/engine_runtime.ts";
import { listMounts } from "../docker/volume_requests.ts";
import { EngineUses } from "../docker/engine_uses.ts";
import { checkCredential } from "../docker/registry_auth.ts";
import { blobFolder } from "../host/blob_store.ts";
import { controlGroupUse } from "../host/control_group.ts";
import { dockerSpace } from "../host/disk_space.ts";
import { manifestFolder } from "../host/manifest_folder.ts";
import { machineProbes } from "../host/probes.ts";
import { trimMemory, trimsMemory, whenQuiet } from "../host/memory.ts";
import { dockerPlatform } from "../host/process.ts";
import { traefikCounts } from "../host/traefik_counts.ts";
import { DiskSecretFolders } from "../host/secret_folders.ts";
import { TraefikTable } from "../host/traefik_table.ts";
import { VolumeFolders } from "../host/volume_folders.ts";
import { autoDomainSuffix } from "../service/auto_domain.ts";
import type { Log } from "../service/log.ts";
import { Label, objectNames } from "../service/names.ts";
import type { ServiceSpec, Volume } from "../service/spec.ts";
import { replicaRange } from "../setup/addresses.ts";
import type { ServerLayout } from "../setup/layout.ts";
import { traefikAdminAddress } from "../setup/parts.ts";
import { type ServerSettings, serverUrl, shortId, TRAEFIK_API_PORT } from "../setup/settings.ts";
import { SqliteAuditLog } from "../state/audit_log.ts";
import { SqliteOrderStore } from "../state/order_store.ts";
import { SqliteBlobLists } from "../state/blob_lists.ts";
import type { Database } from "../state/database.ts";
import { makeNameProof } from "../traefik/name_proof.ts";
import { SqliteEnvStore } from "../state/env_store.ts";
import { SqliteKeyStore } from "../state/key_store.ts";
import { SqliteRegistryStore } from "../state/registry_store.ts";
import { SqliteReleaseStore } from "../state/release_store.ts";
import { ownKey, ownSealingKey, pinOf } from "./daemon_keys.ts";
import { watchLive } from "./daemon_watch.ts";
import { storedBlobs } from "./stored_blobs.ts";
import { watchCertificates } from "./watch_certificates.ts";

/** What the daemon is made from. */
export interface DaemonGround {
  readonly layout: ServerLayout;
  readonly settings: ServerSettings;
  readonly database: Database;
  readonly version: string;
  readonly log: Log;
}

/** So many releases of each service count when a volume is claimed. */
const RELEASES_ASKED = 50;

/** The joined parts. */
export interface DaemonParts {
  readonly deploys: Deploys;
  /** All that the sockets need but the moment from which they may answer. */
  readonly handlerParts: Omit<HandlerParts, "converged">;
  readonly machine: EngineMachine;
  readonly partWatch: PartWatch;
  readonly pauses: EnginePauses;
  readonly runtime: EngineRuntime;
  /**
   * Watches what runs, the routes and the certificates, until the signal is aborted. It waits for Docker by itself, and for
   * the first routes: before they are there no name is seen to lead here.
   */
  readonly watch: (routed: Promise<void>) => Promise<void>;
}

/** Joins the adapters to the daemon. Makes its keys when they are missing; what runs for longer ends with the signal. */
export async function daemonParts(
  { layout, settings, database, version, log }: DaemonGround,
  signal: AbortSignal,
): Promise<DaemonParts> {
  const { serverId } = settings;
  const now = () => new Date();
  const names = objectNames(shortId(settings, layout.root));
  const client = new DockerClient();
  const machine = new EngineMachine(client);
  const store = new SqliteReleaseStore(database);
  const specs = () => [...store.allLive(), ...store.pending()].map(({ spec }) => spec);
  // Services only: the server's own parts have no folder that one could be inside of.
  const mounted = () => client.run(listMounts([`${Label.instance}=${serverId}`, Label.service]));
  const volumes = new VolumeFolders(settings.volumes, specs, { mounted });
  const runtime = new EngineRuntime({
    client,
    names,
    instance: serverId,
    volumeSource: (_service, volume) => volumes.ensure(volume),
    secretFolders: new DiskSecretFolders(layout.secrets),
    releaseOf: ({ service, release }) => store.release(service, release),
  });
  const pauses = new EnginePauses(client, serverId);
  const onIdle = whenQuiet(() => giveMemoryBack(machine, names.receiver), signal);
  const keys = new SqliteKeyStore(database);
  const audit = new SqliteAuditLog(database);
  const registries = new SqliteRegistryStore(database);
  const blobLists = new SqliteBlobLists(database);
  const envStore = new SqliteEnvStore(database);
  const urlsOf = (spec: ServiceSpec) => publicUrls(spec, { http: settings.httpPort, https: settings.httpsPort });
  const traefik = {
    apiUrl: `http://${traefikAdminAddress(settings)}:${TRAEFIK_API_PORT}`,
    user: API_USER,
    password: settings.apiPassword,
  };
  const counts = () => traefikCounts(traefik);
  const proof = makeNameProof();
  const render = await routeFileRenderer(settings, { proof, ordered: () => certificates.ordered() });
  const table = new TraefikTable({ ...traefik, routesFile: layout.routesFile, render, log });
  const routes = new RouteBoard(table);
  const orders = new SqliteOrderStore(database);
  const certificates = watchCertificates({ layout, settings, store, orders, routes, proof, names, now, log }, signal);
  const uses = new EngineUses({ client, instance: serverId, kernelUse: controlGroupUse });
  const ground = {
    runtime,
    builder: new EngineBuilder({
      client,
      names,
      instance: serverId,
      kind: settings.builder,
      cgroup: settings.buildCgroup,
      credentials: (host) => registries.credential(host),
    }),
    probes: machineProbes(),
    routes,
    store,
    now,
    envStore,
    ingressNetwork: names.networks.ingress,
    ranges: {
      ingress: replicaRange(settings.networks.ingress),
      internal: replicaRange(settings.networks.internal),
    },
    onIdle,
    log,
  };
  const volumePlace = (service: string, volume: Volume) =>
    volume.kind === "bind" ? volumes.path(volume) : `the Docker volume ${names.volume(service, volume.source)}`;
  const live = watchLive(ground, () => deploys, signal);
  const deploys: Deploys = new Deploys({
    ...ground,
    counts,
    onLive: live.onLive,
    audit,
    certificateNotes: (spec) => certificates.settle(spec),
    checkVolumes: async (spec, mayAct) => {
      await volumes.check(spec);
      if (mayAct === undefined || !spec.volumes.some(({ kind }) => kind === "bind")) return;
      const known = store.services().flatMap((service) => store.releases(service, RELEASES_ASKED));
      await volumes.checkOwner(spec, {
        known: known.map(({ spec }) => spec),
        live: store.live(spec.name)?.spec,
        mayAct,
      });
    },
    reservedDomains: settings.domain === undefined ? [] : [settings.domain],
    reservedPorts: [settings.httpPort, settings.httpsPort],
    platform: dockerPlatform(),
    builderKind: settings.builder,
    quotas: settings,
    buildSpace: async () => dockerSpace(await machine.dataFolder()),
    blobLists,
    buildsAtATime: settings.builds,
    buildTimeoutMs: settings.buildTimeout * 60_000,
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
  const local = storedBlobs(layout.blobs, {
    spoolBytes: settings.spoolSize,
    quotas: settings,
    kept: (service, scope) => Promise.resolve(keptBlobs({ blobLists, store }, { service, scope, door: "local" })),
    log,
  });
  const handlerParts = {
    serverId,
    version,
    now,
    store,
    runtime,
    load: { uses: (services: ReadonlySet<string>) => uses.uses(services), counts },
    deploys,
    probation: live.probation,
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
    sources: { local: new DamagedParts(local.blobs), gate: new DamagedParts(blobFolder(layout.spool)) },
    manifests: manifestFolder(layout.manifests, log),
    uploads: local.uploads,
    blobLists,
    certificates,
    urlsOf,
    onIdle,
    freeMemory: trimMemory,
    signer: new Signer(serverId, daemonKey),
    standStill: new StandStill({ pauses, work: deploys.work, log }),
    log,
  };
  const partWatch = new PartWatch({
    machine: {
      part: (name) => machine.part(name),
      startPart: (name) => machine.startPart(name),
      ends: (...given) => machine.ends(serverId, ...given),
    },
    names: [names.traefik, names.receiver],
    log,
  });
  const watch = async (routed: Promise<void>) => {
    const certified = routed.then(() => certificates.run());
    await Promise.all([live.run(), partWatch.run(signal), table.watch(signal), certified]);
  };
  return { deploys, handlerParts, machine, partWatch, pauses, runtime, watch };
}

/** After a push the daemon and the receiver are idle for a long time. The receiver may not send signals, so that is done here. */
function giveMemoryBack(machine: EngineMachine, receiver: string): void {
  if (!trimsMemory()) return;
  trimMemory();
  // A receiver that is away has nothing to give.
  machine.signalPart(receiver, "SIGUSR2").catch(() => {});
}
