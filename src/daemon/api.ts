import type { Actor } from "../auth/actor.ts";
import type { Command } from "../auth/roles.ts";
import type { ReleaseStore } from "../deploy/store.ts";
import type { Runtime } from "../deploy/runtime.ts";
import type { ServiceSpec } from "../service/spec.ts";
import type { SealingKey } from "../auth/seal.ts";
import type { Certificates } from "./certificates.ts";
import type { DamagedParts } from "./damaged_parts.ts";
import type { Door } from "./door.ts";
import type { Deploys } from "./deploys.ts";
import type { EnvStore } from "./env_values.ts";
import type { Probation } from "./probation.ts";
import type { LoadSources } from "./load_sources.ts";
import type { ServiceActions } from "./service_actions.ts";
import type { ManifestStore } from "./manifests.ts";
import type { Logins } from "./logins.ts";
import type { Registries } from "./registries.ts";
import type { AuditLog, KeyStore } from "./stores.ts";

/** One request that may be carried out: who asks is known, and may do this. */
export interface Call {
  readonly actor: Actor;
  /** Parts of the path that the route names, such as `name`. */
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: URLSearchParams;
  /**
   * Parses the JSON body, once, and keeps nothing of it: the one of a deploy may take tens of megabytes, and others wait for
   * theirs. Undefined when there is none.
   *
   * @throws {UsageError} when it is not JSON
   */
  readonly takeBody: () => unknown;
  readonly request: Request;
  /** Through which socket it came. */
  readonly door: Door;
}

/** An answer before it is written and signed. */
export type Result =
  | {
    readonly json: unknown;
    /** What it was about, for the audit, when that is no service. */
    readonly subject?: string;
  }
  /** Objects, one per line; the last one is proved. */
  | { readonly lines: AsyncIterable<object> }
  | { readonly response: Response };

/** One row of the daemon's API. */
export interface ApiRoute {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: URLPattern;
  /** Decides who may call it, see the table in `src/auth/roles.ts`. */
  readonly command: Command;
  readonly doors: readonly Door[];
  /** The service it is about, as far as the scope goes. */
  readonly service?: (call: Pick<Call, "params" | "query">) => string | undefined;
  /** Written to the audit when done; reading is not. */
  readonly audited: boolean;
  /** The body is read by the route itself. */
  readonly streamedBody?: boolean;
  readonly run: (call: Call, parts: ApiParts) => Promise<Result> | Result;
}

export interface ApiParts {
  readonly serverId: string;
  readonly version: string;
  readonly now: () => Date;
  readonly store: ReleaseStore;
  readonly runtime: Pick<Runtime, "list" | "glance" | "logs" | "containerOf" | "createOneOff">;
  readonly load: LoadSources;
  readonly deploys: Deploys;
  readonly actions: ServiceActions;
  readonly probation: Pick<Probation, "verdict">;
  readonly keys: KeyStore;
  readonly logins: Logins;
  readonly registries: Registries;
  readonly audit: AuditLog;
  readonly envStore: EnvStore;
  /** What secrets are sealed to on their way here. */
  readonly sealingKey: SealingKey;
  /** Where the blobs of each door are. */
  readonly sources: Readonly<Record<Door, DamagedParts>>;
  readonly manifests: ManifestStore;
  /** Serves `missing` and `blobs` over daemon.sock, with the receiver's code. */
  readonly uploads: (
    request: Request,
    service: string,
    known: { readonly damaged: readonly string[] },
  ) => Promise<Response>;
  readonly certificates: Pick<Certificates, "summaries" | "lookAtAll">;
  readonly urlsOf: (spec: ServiceSpec) => readonly string[];
  /** Called when a push has ended; the daemon may have nothing to do for a long time now. */
  readonly onIdle: () => void;
  /** Gives back, soon, what reading much has taken, for the next request or the build that follows needs memory of its own. */
  readonly freeMemory: () => void;
  /** Fulfilled when deploys may begin after the daemon's start: each repair has its place in the queue. */
  readonly converged: Promise<void>;
}
