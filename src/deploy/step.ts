import { type ReplicaId, replicaName } from "../service/names.ts";
import { NORMAL_HOLD_SECONDS } from "../traefik/route.ts";

/** One step of a deploy, written down but not yet done. The runner executes it, `--dry-run` prints it, tests compare it. */
export type Step =
  | { readonly kind: "build"; readonly service: string; readonly release: number }
  /** The release gets the image of an earlier one. */
  | { readonly kind: "reuse"; readonly service: string; readonly release: number; readonly of: number }
  | {
    readonly kind: "create" | "start" | "await-ready" | "name" | "unname" | "drain" | "stop" | "remove";
    readonly replicas: readonly ReplicaId[];
  }
  /** A stopped replica takes over an address that requests are bound to. */
  | { readonly kind: "move"; readonly replica: ReplicaId; readonly address: string }
  /** From here on every new request goes to these replicas. `held`: they do not answer yet, requests wait. */
  | {
    readonly kind: "route";
    readonly service: string;
    readonly release: number;
    readonly to: readonly ReplicaId[];
    readonly holdSeconds: number;
    readonly held: boolean;
    /** Requests that are held also wait for the old release here, where it listens on another port. */
    readonly returnAddress?: string | undefined;
  }
  | { readonly kind: "unroute"; readonly service: string }
  /** From here on these services only reach the service by its name; undefined: what was left of its isolation goes. */
  | { readonly kind: "isolate"; readonly service: string; readonly peers: readonly string[] | undefined }
  /** Every request is answered 503 at once: the service is stopped. */
  | { readonly kind: "close"; readonly service: string; readonly release: number }
  /** The one database write after which this release is live. */
  | { readonly kind: "commit"; readonly service: string; readonly release: number };

/** Names a step in a few words, for the plan, the log, the state and the tests. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "build":
      return `build ${step.service}:${step.release}`;
    case "reuse":
      return `use the image of ${step.service}:${step.of}`;
    case "move":
      return `move ${replicaName(step.replica)} to ${step.address}`;
    case "route":
      return step.holdSeconds === NORMAL_HOLD_SECONDS
        ? `route to ${names(step.to)}`
        : `route to ${names(step.to)}, hold ${step.holdSeconds} s`;
    case "unroute":
      return `remove the route of ${step.service}`;
    case "isolate":
      if (step.peers === undefined) return `end the isolation of ${step.service}`;
      return `isolate ${step.service} from all${step.peers.length === 0 ? "" : ` but ${step.peers.join(", ")}`}`;
    case "close":
      return `close the route of ${step.service}`;
    case "commit":
      return `commit ${step.release}`;
    default:
      return `${step.kind} ${names(step.replicas)}`;
  }
}

function names(replicas: readonly ReplicaId[]): string {
  return replicas.map(replicaName).join(", ");
}
