import * as v from "valibot";
import { UsageError } from "../error.ts";
import { digest, quoted, serviceName } from "./fields.ts";
import { MAX_ENTRIES } from "./limits.ts";
import type { ManifestEntry } from "./manifest.ts";
import { checkManifest, contextPath, manifest, manifestEntry } from "./manifest_schema.ts";
import type { DeployRequest } from "./requests.ts";
import { validate } from "./validate.ts";

/** A manifest as what it has other than an earlier one, which both sides know. Paths are sorted, each once. */
export interface ManifestDifference {
  /** Digest of the earlier manifest (`src/archive/manifest_digest.ts`). */
  readonly base: string;
  /** Digest of the manifest that comes out. */
  readonly digest: string;
  /** Paths of `base` that are gone. */
  readonly removed: readonly string[];
  /** Entries that are new, or take the place of the one of the same path. */
  readonly changed: readonly ManifestEntry[];
}

/** A `POST /v1/deploy` with a difference in place of the manifest. It is answered 409 when the base is not known any more. */
export interface DifferenceRequest extends Omit<DeployRequest, "manifest"> {
  readonly difference: ManifestDifference;
}

const common = {
  service: serviceName,
  dockerfile: contextPath,
  force: v.boolean(),
  dryRun: v.boolean(),
  attempt: v.exactOptional(v.pipe(v.string(), v.uuid("must be a UUID"))),
};

const wholeRequest: v.GenericSchema<unknown, DeployRequest> = v.strictObject({ ...common, manifest });

const differenceRequest: v.GenericSchema<unknown, DifferenceRequest> = v.strictObject({
  ...common,
  difference: v.strictObject({
    base: digest,
    digest,
    removed: limited(contextPath),
    changed: limited(manifestEntry),
  }),
});

/**
 * Reads a `POST /v1/deploy`. A whole manifest is checked; a difference still has to be applied, and `checkDeployRequest`
 * called with what comes out.
 *
 * @throws {UsageError} naming the field and what is allowed
 */
export function parseDeployMessage(json: unknown): DeployRequest | DifferenceRequest {
  const what = { what: "the deploy request", kind: "usage" } as const;
  if (typeof json === "object" && json !== null && "difference" in json) return validate(differenceRequest, json, what);
  const request = validate(wholeRequest, json, what);
  checkDeployRequest(request);
  return request;
}

/**
 * Checks what the form cannot say: that the manifest is one, and has the Dockerfile.
 *
 * @throws {UsageError} naming the first entry that is wrong
 */
export function checkDeployRequest({ manifest, dockerfile }: Pick<DeployRequest, "manifest" | "dockerfile">): void {
  checkManifest(manifest);
  if (manifest.entries.some(({ type, path }) => type === "file" && path === dockerfile)) return;
  throw new UsageError(
    `Cannot read the deploy request: "dockerfile" must be a file of the manifest, not ${quoted(dockerfile)}`,
  );
}

/** A list that is as long as it may be before its items are looked at. */
function limited<T>(item: v.GenericSchema<unknown, T>): v.GenericSchema<unknown, T[]> {
  return v.pipe(
    v.array(v.unknown()),
    v.maxLength(MAX_ENTRIES, `must have at most ${MAX_ENTRIES} entries`),
    v.array(item),
  );
}
