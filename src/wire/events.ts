import type { FailureKind } from "../error.ts";
import type { DeployPlan } from "./deploy_plan.ts";

/** A failure as it travels. */
export interface WireError {
  readonly kind: FailureKind;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details?: readonly string[] | undefined;
  /** The request, or a part of it, is not known to this version. */
  readonly skew?: boolean | undefined;
}

/** Requests of a service while a deploy of it went on. */
export interface Visits {
  /** Those that were answered. */
  readonly requests: number;
  /** How many of them with a 5xx. */
  readonly failed: number;
}

/** What a deploy, or other work on a service, tells while it goes on. `live`, `planned`, `done` and `failed` are ends. */
export type DeployEvent =
  | { readonly kind: "accepted"; readonly deploy: string; readonly service: string; readonly release: number }
  /** Another deploy (its id) or the builder is waited for. */
  | { readonly kind: "queued"; readonly behind: string }
  | { readonly kind: "log"; readonly step: string; readonly text: string }
  | {
    readonly kind: "step";
    readonly text: string;
    readonly state: "started" | "done";
    readonly seconds?: number | undefined;
  }
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "planned" } & DeployPlan
  | {
    readonly kind: "live";
    readonly service: string;
    readonly release: number;
    readonly urls: readonly string[];
    /** How laptops reach the server: a domain or an IPv4 address. */
    readonly address?: string | undefined;
    readonly seconds: number;
    /** Undefined when Traefik does not tell, or nothing was done. */
    readonly visits?: Visits | undefined;
    /** Nothing was to be done: the same content serves already. */
    readonly alreadyLive: boolean;
  }
  /** Work that makes no release, such as a stop. `notes`: what the owner should know, in sentences. */
  | { readonly kind: "done"; readonly service: string; readonly text: string; readonly notes: readonly string[] }
  | { readonly kind: "failed"; readonly deploy: string | undefined; readonly error: WireError };

/** An event in the order of its deploy, as one line of JSON. */
export type NumberedEvent = DeployEvent & {
  /** From 1. */
  readonly seq: number;
  /** ISO 8601. */
  readonly time: string;
};

/**
 * A line of an event stream. The last one carries the daemon's signature (base64) over itself without `proof`, bound to
 * the request's nonce; see `src/auth/proof.ts`.
 */
export type EventLine = NumberedEvent & { readonly proof?: string | undefined };

/** Whether nothing comes after it. */
export function isEnd(event: DeployEvent): boolean {
  return event.kind === "live" || event.kind === "failed" || event.kind === "planned" || event.kind === "done";
}
