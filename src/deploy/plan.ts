import type { ReplicaId } from "../service/names.ts";
import { replicaCount, type ServiceSpec } from "../service/spec.ts";
import { NORMAL_HOLD_SECONDS } from "../traefik/route.ts";
import { peerSteps } from "./peers.ts";
import type { Step } from "./step.ts";
import type { Release, ReplicaPlace } from "./store.ts";

/** What the planner needs to know of a release. */
export type PlannedRelease = Pick<Release, "service" | "number" | "spec"> & {
  readonly places: readonly Pick<ReplicaPlace, "n">[];
  /** Where the old release comes back if this one fails, when `needsReturnAddress`; else it takes this one's place. */
  readonly returnAddress?: string | undefined;
  /** A deploy when it is not given. */
  readonly origin?: Release["origin"];
};

/** What a hold adds to the limits of the releases for the work around them, in seconds. */
const HOLD_SLACK_SECONDS = 15;

/**
 * Plans how a release takes over.
 *
 * Scale n > 0 starts first: the old release goes on until the new one is ready and routed. Scale 0 stops first: requests
 * are bound to the new address and wait there while the old replica finishes, stops, and the new one starts.
 */
export function planDeploy(next: PlannedRelease, old: PlannedRelease | undefined): readonly Step[] {
  return [
    imageStep(next),
    ...peerSteps(next, old).before,
    ...(stopsFirst(next.spec, old) ? stopFirst(next, old) : startFirst(next, old)),
  ];
}

/** In which order a release takes over from another, and why, in one sentence. */
export function takeoverOf(
  next: ServiceSpec,
  old: PlannedRelease | undefined,
): { readonly order: "start-first" | "stop-first"; readonly because: string } {
  if (stopsFirst(next, old)) {
    const requests = next.sites.length > 0 ? ", and requests wait in between" : "";
    return { order: "stop-first", because: `scale is 0: there are never two containers at once${requests}` };
  }
  const because = old === undefined
    ? "nothing is live that had to stop"
    : `scale is ${next.scale}: the new containers are ready before the old ones stop`;
  return { order: "start-first", because };
}

function stopsFirst(next: ServiceSpec, old: PlannedRelease | undefined): old is PlannedRelease {
  return next.scale === 0 && old !== undefined;
}

/**
 * Whether the old release has to come back at an address of its own if the next one fails. Requests that are held are bound
 * to address and port of the next, so an old one that listens on another port would not be found there.
 */
export function needsReturnAddress(next: ServiceSpec, old: PlannedRelease | undefined): boolean {
  return stopsFirst(next, old) && next.sites.length > 0 && old.spec.sites.length > 0 && next.port !== old.spec.port;
}

function imageStep({ service, number, origin = { kind: "deploy" } }: PlannedRelease): Step {
  if (origin.kind === "deploy") return { kind: "build", service, release: number };
  return { kind: "reuse", service, release: number, of: origin.of };
}

function startFirst(next: PlannedRelease, old: PlannedRelease | undefined): readonly Step[] {
  const added = replicasOf(next);
  const leaving = old === undefined ? [] : replicasOf(old);
  const peers = peerSteps(next, old);
  return [
    { kind: "create", replicas: added },
    { kind: "start", replicas: added },
    { kind: "await-ready", replicas: added },
    ...(next.spec.scale > 0 ? [{ kind: "name", replicas: added } as const] : []),
    ...routeSteps(next, old),
    { kind: "commit", service: next.service, release: next.number },
    ...peers.committed,
    ...retire(leaving, { unname: true }),
    ...peers.after,
  ];
}

function stopFirst(next: PlannedRelease, old: PlannedRelease): readonly Step[] {
  const added = replicasOf(next);
  const leaving = replicasOf(old);
  const peers = peerSteps(next, old);
  const holdSeconds = worstHoldSeconds(next.spec, old.spec);
  const before: readonly Step[] = next.spec.sites.length > 0
    ? [{
      kind: "route",
      service: next.service,
      release: next.number,
      to: added,
      holdSeconds,
      held: true,
      returnAddress: next.returnAddress,
    }]
    : old.spec.sites.length > 0
    ? [{ kind: "unroute", service: next.service }]
    : [];
  return [
    { kind: "create", replicas: added },
    ...before,
    { kind: "drain", replicas: leaving },
    { kind: "stop", replicas: leaving },
    { kind: "start", replicas: added },
    { kind: "await-ready", replicas: added },
    { kind: "commit", service: next.service, release: next.number },
    ...(next.spec.sites.length > 0 ? routeSteps(next, undefined) : []),
    ...peers.committed,
    { kind: "remove", replicas: leaving },
    ...peers.after,
  ];
}

/** The steps that take replicas out of service which get no new request any more. */
export function retire(replicas: readonly ReplicaId[], { unname }: { unname: boolean }): readonly Step[] {
  if (replicas.length === 0) return [];
  return [
    ...(unname ? [{ kind: "unname", replicas } as const] : []),
    { kind: "drain", replicas },
    { kind: "stop", replicas },
    { kind: "remove", replicas },
  ];
}

/** The normal route of a release; or the removal of a route that only the old one had. */
export function routeSteps(next: PlannedRelease, old: PlannedRelease | undefined): readonly Step[] {
  if (next.spec.sites.length > 0) {
    return [{
      kind: "route",
      service: next.service,
      release: next.number,
      to: replicasOf(next),
      holdSeconds: NORMAL_HOLD_SECONDS,
      held: false,
    }];
  }
  return old !== undefined && old.spec.sites.length > 0 ? [{ kind: "unroute", service: next.service }] : [];
}

/**
 * The longest a request may have to wait while `next` replaces `old` stop-first, in seconds: the old one drains and stops,
 * the new one starts or fails, and after a failure the old one starts again.
 */
function worstHoldSeconds(next: ServiceSpec, old: ServiceSpec): number {
  return old.drainTimeoutSeconds + old.stopGraceSeconds + next.startTimeoutSeconds + next.stopGraceSeconds +
    old.startTimeoutSeconds + HOLD_SLACK_SECONDS;
}

/** The longest a request may have to wait while a release is repaired, in seconds: what is in its way stops, it moves and starts. */
export function repairHoldSeconds(spec: ServiceSpec): number {
  return spec.drainTimeoutSeconds + 2 * spec.stopGraceSeconds + spec.startTimeoutSeconds + HOLD_SLACK_SECONDS;
}

/** The replicas of a release, by its places where it has them and by its scale where not yet. */
export function replicasOf(release: PlannedRelease): readonly ReplicaId[] {
  const numbers = release.places.length > 0
    ? release.places.map((place) => place.n)
    : Array.from({ length: replicaCount(release.spec) }, (_, index) => index + 1);
  return numbers.map((n) => ({ service: release.service, release: release.number, n }));
}
