import type { Release, ReleaseStore } from "./store.ts";

/** Images of so many releases are kept, so that a rollback needs no build. */
const RELEASES_KEPT = 5;
/** Images of releases older than the newest so many are gone already: each deploy looks at these. */
const RELEASES_LOOKED_AT = 50;

/** The newest releases of a service that are not on their way, by whether their images are kept. */
export function keptReleases(
  store: Pick<ReleaseStore, "releases">,
  service: string,
): { readonly kept: readonly Release[]; readonly over: readonly Release[] } {
  const recent = store.releases(service, RELEASES_LOOKED_AT).filter(({ status }) => status !== "pending");
  const wasLive = recent.filter(({ status }) => status === "live" || status === "retired");
  const kept = new Set(wasLive.slice(0, RELEASES_KEPT));
  return { kept: [...kept], over: recent.filter((release) => !kept.has(release)) };
}
