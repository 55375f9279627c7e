import { keptReleases } from "../deploy/kept_releases.ts";
import type { ReleaseStore } from "../deploy/store.ts";
import { KEEP_LINE_DIGESTS, type KeepLine, type KeepRequest, type KeepScope } from "../wire/keep.ts";
import type { Door } from "./door.ts";

/** Which blobs each release was built from, and through which door they came. `src/state` implements it. */
export interface BlobLists {
  /** @param digests 64 lower-case hex digits each; more than once does no harm */
  add(service: string, release: number, list: { readonly door: Door; readonly digests: Iterable<string> }): void;
  /** Notes that a release uses the image of another. */
  addSame(service: string, release: number, of: number): void;
  /** None when nothing is known of it, or its blobs came through the other door. */
  digests(service: string, release: number, door: Door): readonly string[];
  /** Forgets the lists of all releases of a service but these. */
  forgetOthers(service: string, releases: readonly number[]): void;
}

export interface KeepListParts {
  readonly blobLists: BlobLists;
  readonly store: Pick<ReleaseStore, "releases" | "pending" | "live">;
}

/** The releases of a service whose blobs stay. */
function keptNumbers({ store }: Pick<KeepListParts, "store">, service: string, scope: KeepScope): readonly number[] {
  const pending = store.pending().filter((release) => release.service === service);
  const kept = keptReleases(store, service).kept;
  const inScope = scope === "all" ? kept : kept.filter(({ status }) => status === "live");
  return [...inScope, ...pending].map(({ number }) => number);
}

/** The blobs of a service that stay. */
export function keptBlobs(
  { blobLists, store }: KeepListParts,
  { service, scope, door }: KeepRequest & { readonly door: Door },
): ReadonlySet<string> {
  const numbers = keptNumbers({ store }, service, scope);
  return new Set(numbers.flatMap((number) => blobLists.digests(service, number, door)));
}

/** The same for the receiver, as lines. It is told of nothing that did not come through it. */
export async function* keepLines(parts: KeepListParts, request: KeepRequest): AsyncGenerator<KeepLine> {
  const digests = [...keptBlobs(parts, { ...request, door: "gate" })];
  for (let from = 0; from < digests.length; from += KEEP_LINE_DIGESTS) {
    yield { kind: "keep", digests: digests.slice(from, from + KEEP_LINE_DIGESTS) };
  }
  yield { kind: "end" };
}

/** Forgets what is not needed to answer such questions any more. */
export function forgetOldBlobLists({ blobLists, store }: KeepListParts, service: string): void {
  blobLists.forgetOthers(service, keptNumbers({ store }, service, "all"));
}
