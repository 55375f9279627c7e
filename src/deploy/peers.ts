import type { ServiceSpec } from "../service/spec.ts";
import type { ReplicaState } from "./runtime.ts";
import type { Step } from "./step.ts";
import type { Release, ReleaseStore } from "./store.ts";

type PlannedPeers = { readonly service: string; readonly spec: Pick<ServiceSpec, "peers"> };
type Releases = Pick<ReleaseStore, "live" | "allLive" | "pending" | "serviceState">;

/**
 * The steps by which the right services reach a release by its name: before it takes over, its peers and those of the old
 * one do; at the commit those that are not named any more do not; and when the old release is gone, which its peers may
 * still be talking to, nothing is left of an isolation that has ended.
 */
export function peerSteps(
  next: PlannedPeers,
  old: PlannedPeers | undefined,
): { readonly before: readonly Step[]; readonly committed: readonly Step[]; readonly after: readonly Step[] } {
  const { service, spec: { peers } } = next;
  const had = old?.spec.peers;
  const step = (to: readonly string[] | undefined): readonly Step[] => [{ kind: "isolate", service, peers: to }];
  if (peers === undefined) return { before: [], committed: [], after: had === undefined ? [] : step(undefined) };
  const added = had === undefined || peers.some((peer) => !had.includes(peer));
  const dropped = had !== undefined && had.some((peer) => !peers.includes(peer));
  return {
    before: added ? step(joined([had ?? [], peers])) : [],
    committed: dropped ? step(peers) : [],
    after: [],
  };
}

/**
 * The step that brings the isolation of a service from what is found to what it has to be, if it is not so already.
 *
 * @param peers as `peersOf` tells them
 * @param found every replica of the server, and the services that have peers
 */
export function peerRepairs(
  service: string,
  peers: readonly string[] | undefined,
  found: { readonly replicas: readonly ReplicaState[]; readonly isolated: readonly string[] },
): readonly Step[] {
  const isolated = found.isolated.includes(service);
  const wrong = peers === undefined
    ? isolated
    : !isolated || found.replicas.some(({ id, reaches }) =>
      id.service !== service && peers.includes(id.service) !== reaches.includes(service)
    );
  return wrong ? [{ kind: "isolate", service, peers }] : [];
}

/**
 * The services that have to reach one by its name at this moment: those its live release names, and those of a deploy
 * that is under way.
 *
 * @returns undefined when it is not isolated, or is being removed
 */
export function peersOf(store: Releases, service: string): readonly string[] | undefined {
  const live = store.serviceState(service) === "removing" ? undefined : store.live(service);
  const lists = current(store, live).flatMap((release) =>
    release.service === service && release.spec.peers !== undefined ? [release.spec.peers] : []
  );
  return lists.length === 0 ? undefined : joined(lists);
}

/** The isolated services that a service has to reach by their names at this moment. */
export function reachedBy(store: Releases, service: string): readonly string[] {
  const naming = current(store, ...store.allLive()).filter(({ spec }) => spec.peers?.includes(service));
  return joined([naming.map((release) => release.service)]);
}

function current(store: Releases, ...live: readonly (Release | undefined)[]): readonly Release[] {
  return [
    ...live.filter((release) => release !== undefined),
    ...store.pending().filter(({ step }) => step !== undefined),
  ];
}

function joined(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].sort();
}
