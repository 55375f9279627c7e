import { type ReplicaId, replicaName } from "../service/names.ts";
import { drain } from "./drain.ts";
import type { Probes, Runtime } from "./runtime.ts";
import type { Release, ReleaseStore } from "./store.ts";

/**
 * Who has looked up a service's name, or tries again to reach an address that it waits for (Traefik's retry: every 0.6 s at
 * the latest), comes within this time.
 */
const LINGERS_MS = 1000;

export interface DrainParts {
  readonly runtime: Pick<Runtime, "inspect">;
  readonly probes: Pick<Probes, "establishedConnections">;
  readonly store: Pick<ReleaseStore, "release" | "live">;
  /** Instead of the time above, in milliseconds; for tests. */
  readonly lingersMs?: number;
}

export interface DrainOptions {
  /** Names of the replicas that have given up their service's name. */
  readonly unnamed: ReadonlySet<string>;
  readonly report: (event: { readonly kind: "warning"; readonly text: string }) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until a replica has finished its requests and nobody is under way to it, at most as long as its release allows. */
export async function drainReplica(
  parts: DrainParts,
  id: ReplicaId,
  { unnamed, report, signal }: DrainOptions,
): Promise<void> {
  const state = await parts.runtime.inspect(id);
  const release = parts.store.release(id.service, id.release);
  if (state === undefined || release === undefined) return;
  const { spec } = release;
  const left = await drain(parts.probes, { name: replicaName(id), pid: state.pid, port: spec.port }, {
    timeoutMs: spec.drainTimeoutSeconds * 1000,
    quietMs: lingersMs(parts, { id, release, unnamed }),
    signal,
  });
  if (left === 0) return;
  report({
    kind: "warning",
    text:
      `${replicaName(id)} still had ${left} connection${left === 1 ? "" : "s"} after ${spec.drainTimeoutSeconds} s` +
      " (mypaas.drain-timeout); they are cut",
  });
}

/** How long nobody must have come to a replica before it may go; undefined: nobody is under way to it. */
function lingersMs(
  { store, lingersMs }: DrainParts,
  { id, release, unnamed }: {
    readonly id: ReplicaId;
    readonly release: Release;
    readonly unnamed: ReadonlySet<string>;
  },
): number | undefined {
  const live = store.live(id.service);
  // Of a service that is being stopped nobody else takes over.
  if (live === undefined || live.number === id.release) return undefined;
  const sought = unnamed.has(replicaName(id)) || waitedFor(release, live, id.n);
  return sought ? lingersMs ?? LINGERS_MS : undefined;
}

/** Whether requests were held for a replica that is given up now, and nobody else is to come to its address. */
function waitedFor({ spec, status, places }: Release, live: Release, n: number): boolean {
  const address = places.find((place) => place.n === n)?.ingressAddress;
  const stopsFirst = spec.scale === 0;
  return stopsFirst && status !== "retired" && address !== undefined &&
    live.places.every(({ ingressAddress }) => ingressAddress !== address);
}
