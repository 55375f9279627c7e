import type { Release, ReleaseStore, ReplicaPlace } from "./store.ts";

/**
 * The places of a live release after another one failed that requests wait for: the first replica takes over that address.
 *
 * @param held undefined when requests wait for nothing
 */
export function placesAfterFailure(
  { places, spec }: Pick<Release, "places" | "spec">,
  held: string | undefined,
): readonly ReplicaPlace[] {
  if (held === undefined || spec.sites.length === 0) return places;
  return places.map((place, index) => index === 0 ? { ...place, ingressAddress: held } : place);
}

/**
 * The state as it would be had the failure of a release been written down. On a disk that takes nothing the old release is
 * put back by this; the next repair, which can write, finds all as it wants it.
 */
export function asFailed(store: ReleaseStore, failed: Pick<Release, "service" | "number">): ReleaseStore {
  const { service, number } = failed;
  const held = store.release(service, number)?.heldAddress;
  const after = (release: Release | undefined): Release | undefined =>
    release?.service === service && release.status === "live"
      ? { ...release, places: placesAfterFailure(release, held) }
      : release;
  const changed: Pick<ReleaseStore, "live" | "release" | "pending"> = {
    live: (asked) => after(store.live(asked)),
    release: (asked, which) => after(store.release(asked, which)),
    pending: () => store.pending().filter((release) => release.service !== service || release.number !== number),
  };
  return new Proxy(store, {
    get(target, name) {
      const found: unknown = Reflect.get(name in changed ? changed : target, name);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
}
