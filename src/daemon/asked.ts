import type { BlobSource } from "../archive/blobs.ts";
import type { Origin } from "../deploy/store.ts";
import type { EnvVariable, ServiceSpec } from "../service/spec.ts";
import type { Door } from "./door.ts";

/** A new release of an image that is there already. What is not given is as in the release `origin.of`. */
export interface Redeploy {
  readonly origin: Exclude<Origin, { kind: "deploy" }>;
  readonly spec?: ServiceSpec;
  readonly env?: readonly EnvVariable[];
  readonly contentDigest?: string;
}

/** Who asks for a release. */
export interface Asker {
  /** For the history. */
  readonly by: string;
  /** Whether they may act on another service; on all when it is not given. */
  readonly mayAct?: (service: string) => boolean;
}

/** Who asks for a release, and how its files came. */
export interface Push extends Asker {
  readonly source: BlobSource;
  /** Through which the blobs came. */
  readonly door: Door;
  /** Aborted when who asked has gone away. */
  readonly signal?: AbortSignal | undefined;
}
