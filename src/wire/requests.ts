import type { CertificateSummary } from "./certificates.ts";
import type { Manifest } from "./manifest.ts";
import type { Role } from "./role.ts";

/** `GET /v1/hello` */
export interface HelloAnswer {
  readonly serverId: string;
  readonly version: string;
  /** ISO 8601. */
  readonly time: string;
}

/** What a login claims; both of its proofs are over this. */
export interface LoginClaim {
  readonly invite: string;
  /** Raw ed25519 public key, base64url. */
  readonly publicKey: string;
  /** 16 random bytes, hex. */
  readonly nonce: string;
}

/** `POST /v1/login`; see `src/auth/invite.ts`. */
export interface LoginRequest extends LoginClaim {
  /** HMAC-SHA-256 with the invite's secret, hex: the laptop was invited. */
  readonly proof: string;
  /** Ed25519, base64url: the laptop has the private key. */
  readonly signature: string;
}

export interface LoginAnswer {
  readonly key: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: readonly string[];
  /** HMAC of the server over what it registered: the server knew the secret as well. */
  readonly proof: string;
}

/** `POST /v1/missing?service=` */
export interface MissingRequest {
  readonly digests: readonly string[];
  /** All that is pushed, so that what is too much is refused before it is sent; the deploy says it again. */
  readonly context?: { readonly files: number; readonly bytes: number } | undefined;
}
export interface MissingAnswer {
  readonly missing: readonly string[];
}

/** `PUT /v1/blobs?service=`: the answer to a stream of frames (`src/wire/frames.ts`). */
export interface BlobsAnswer {
  readonly stored: number;
}

/** `POST /v1/deploy?service=`. `service` must be the one that the Dockerfile names. */
export interface DeployRequest {
  readonly service: string;
  /** Path of the Dockerfile inside the manifest. */
  readonly dockerfile: string;
  readonly manifest: Manifest;
  /** Build and roll out although nothing changed. */
  readonly force: boolean;
  /** Only tell the steps. */
  readonly dryRun: boolean;
  /**
   * A random id. A request with the id of one that was accepted, sent again because the answer was lost, is that deploy and no
   * second one.
   */
  readonly attempt?: string | undefined;
}

/** `GET /v1/services` */
export interface ServiceSummary {
  readonly service: string;
  readonly release: number | undefined;
  readonly status: "live" | "deploying" | "down" | "stopped" | "failed";
  readonly domains: readonly string[];
  readonly urls: readonly string[];
  readonly scale: number;
  readonly replicas: readonly ReplicaSummary[];
  /** Of its domains with https. */
  readonly certificates: readonly CertificateSummary[];
  /** ISO 8601: since when the live release is live. */
  readonly since: string | undefined;
  /**
   * The last deploy that did not get live after the live one; if there is none, the release that the server took back to
   * put the live one in its place, of which the status is `retired`.
   */
  readonly lastFailure: { readonly release: number; readonly status: string; readonly error: string } | undefined;
}

export interface ReplicaSummary {
  readonly name: string;
  readonly status: string;
  readonly health: string;
  readonly restarts: number;
}

/** `POST /v1/invites` */
export interface InviteRequest {
  readonly name: string;
  readonly role: Role;
  /** Names of services; `*` for all. */
  readonly scope: readonly string[];
}
export interface InviteAnswer {
  readonly id: string;
  /** What a laptop pastes: `URL#<id>.<secret>.<server id>.<daemon key>[.<certificate pin>]`. */
  readonly line: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** `GET /v1/keys` */
export interface KeySummary {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: readonly string[];
  readonly createdAt: string;
  readonly revokedAt: string | undefined;
}
