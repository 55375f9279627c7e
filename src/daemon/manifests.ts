import type { BlobSource } from "../archive/blobs.ts";
import { applyDifference } from "../archive/manifest_difference.ts";
import { manifestDigest } from "../archive/manifest_digest.ts";
import { MyPaasError } from "../error.ts";
import type { Manifest } from "../wire/manifest.ts";
import { checkDeployRequest, type DifferenceRequest } from "../wire/manifest_difference.ts";
import type { DeployRequest } from "../wire/requests.ts";

/** The manifests that each service was last sent, by their digests. Any of them may be lost. `src/host` implements it. */
export interface ManifestStore {
  /** Undefined when it is not there, or cannot be read. */
  find(service: string, digest: string): Promise<Manifest | undefined>;
  /** Keeps it in place of the one that was not used for the longest time. Never fails. */
  save(service: string, manifest: Manifest): Promise<void>;
}

/**
 * Something that a push relies on was forgotten here: the client asks what is missing, sends it, and the manifest as a
 * whole. Answered with status 409.
 */
export class LackingHere extends MyPaasError {
  constructor(service: string, what: string) {
    super(`Cannot deploy "${service}": the server does not have ${what} any more`, { hint: "Push again." });
  }
}

/**
 * Applies the difference of a request.
 *
 * @throws {LackingHere} when what it is a difference to is not known
 * @throws {UsageError} when what comes out is no manifest
 */
export async function wholeRequest(
  { difference, ...request }: DifferenceRequest,
  manifests: Pick<ManifestStore, "find">,
): Promise<DeployRequest> {
  const base = await manifests.find(request.service, difference.base);
  const manifest = base && applyDifference(base, difference);
  if (manifest === undefined) throw new LackingHere(request.service, "the list of files that this push builds on");
  const whole = { ...request, manifest };
  checkDeployRequest(whole);
  if (await manifestDigest(manifest) === difference.digest) return whole;
  throw new LackingHere(request.service, "the same list of files that this push builds on");
}

/**
 * Checks that all parts of a manifest are there before a build begins that would end at the first one that is not.
 *
 * @throws {LackingHere} when one is not
 */
export async function checkChunks(
  { service, manifest }: Pick<DeployRequest, "service" | "manifest">,
  source: Pick<BlobSource, "gone">,
): Promise<void> {
  const digests = new Set<string>();
  for (const entry of manifest.entries) {
    if (entry.type === "file") { for (const { digest } of entry.chunks) digests.add(digest); }
  }
  const { length } = await source.gone(service, digests);
  if (length > 0) throw new LackingHere(service, `${length} of the parts of its files`);
}
