import type { EnvVariable, ServiceSpec } from "../service/spec.ts";

/**
 * - `pending`: accepted, not yet serving
 * - `live`: gets the traffic; one per service at most
 * - `retired`: was live once
 * - `failed`, `interrupted`, `cancelled`: never was live
 */
export type ReleaseStatus = "pending" | "live" | "retired" | "failed" | "interrupted" | "cancelled";

/** What a release was made for. All but a deploy use the image of an earlier release, `of`. */
export type Origin =
  | { readonly kind: "deploy" }
  /** `because`: the daemon did it by itself, for this reason. */
  | { readonly kind: "rollback"; readonly of: number; readonly because?: string | undefined }
  | { readonly kind: "restart"; readonly of: number }
  | { readonly kind: "scale"; readonly of: number; readonly scale: number }
  /** Variables of the service's store were changed. */
  | { readonly kind: "env"; readonly of: number; readonly names: readonly string[] };

/**
 * - `running`: its live release runs
 * - `stopped`: somebody stopped it; its live release stays, without a process
 * - `removing`: all of it is being taken away
 */
export type ServiceState = "running" | "stopped" | "removing";

/** Where a replica has its fixed addresses. */
export interface ReplicaPlace {
  readonly n: number;
  readonly ingressAddress: string | undefined;
  readonly internalAddress: string;
}

/** One accepted deploy of a service. */
export interface Release {
  readonly service: string;
  readonly number: number;
  readonly status: ReleaseStatus;
  readonly spec: ServiceSpec;
  readonly env: readonly EnvVariable[];
  readonly origin: Origin;
  /** Name of the image; undefined until it is built. */
  readonly image: string | undefined;
  readonly imageId: string | undefined;
  /** SHA-256 (hex) of the manifest and the options: equal, with an equal `env`, means nothing to do. */
  readonly contentDigest: string;
  readonly places: readonly ReplicaPlace[];
  /** The step that is being done, as `describeStep` names it; undefined before the first and after the last. */
  readonly step: string | undefined;
  /**
   * The ingress address that requests have been bound to before the commit (stop-first). While it is set on a release
   * that is not live, requests may wait for that address, so whoever serves next must have it (see `giveUp`).
   */
  readonly heldAddress: string | undefined;
  readonly by: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** When the deploy ended: live, or not. */
  readonly endedAt: string | undefined;
  /** The sentence of the failure; of a release that was live, why the daemon took it back. */
  readonly error: string | undefined;
}

/** The few queries a deploy needs. Every write is durable when it returns, power cut included. */
export interface ReleaseStore {
  /** Takes the next number of the service. */
  createRelease(release: {
    readonly spec: ServiceSpec;
    readonly env: readonly EnvVariable[];
    readonly contentDigest: string;
    /** A deploy when it is not given. */
    readonly origin?: Origin;
    readonly by: string;
    readonly at: string;
  }): Release;
  release(service: string, number: number): Release | undefined;
  live(service: string): Release | undefined;
  /** The live release of every service, in the order of names. */
  allLive(): readonly Release[];
  /** Every release that is `pending`. */
  pending(): readonly Release[];
  /** The newest releases first. */
  releases(service: string, limit: number): readonly Release[];
  /** Names of all services that ever had a release, sorted. */
  services(): readonly string[];
  setImage(service: string, number: number, image: string, imageId: string): void;
  setPlaces(service: string, number: number, places: readonly ReplicaPlace[]): void;
  setStep(service: string, number: number, step: string | undefined): void;
  setHeldAddress(service: string, number: number, address: string | undefined): void;
  serviceState(service: string): ServiceState;
  setServiceState(service: string, state: ServiceState): void;
  /** Forgets a service: its releases (but those that are pending), its state and what was stored for it. */
  forget(service: string): void;
  /** The commit: in one transaction this release is live, the one before it retired, and the service no longer stopped. */
  commit(service: string, number: number, at: string): void;
  /**
   * Marks a release that never got live. In the same transaction the first replica of the live release takes over the
   * address that requests wait for, if the failed one held one.
   */
  fail(
    service: string,
    number: number,
    status: "failed" | "interrupted" | "cancelled",
    error: string,
    at: string,
  ): void;
  /** Writes down why a release that is live is taken back. */
  setError(service: string, number: number, error: string): void;
  /** The last address given on a network, from which the next one is searched; and the remembering of it. */
  addressCursor(network: "ingress" | "internal"): string | undefined;
  setAddressCursor(network: "ingress" | "internal", address: string): void;
}
