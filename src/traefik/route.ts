import type { Site } from "../service/spec.ts";

/**
 * How one service is reached through Traefik. The one source of its part of the route file and of its containers'
 * labels.
 */
export interface Route {
  readonly service: string;
  /** At least one. */
  readonly sites: readonly Site[];
  /** Whether browsers are told to use https only, where a site has it. */
  readonly hsts: boolean;
  /** Where the replicas listen. */
  readonly port: number;
  /** Ingress addresses (IPv4) of the replicas that get requests, in a stable order. Empty: 503 at once. */
  readonly addresses: readonly string[];
  /** Where the release before this one comes back if this one does not come: requests that are held reach it as well. */
  readonly returning?: { readonly address: string; readonly port: number };
  /** How long a request waits for an address that does not answer, in seconds; 0: not at all. */
  readonly holdSeconds: number;
}

/** The hold of a service in its normal state: a crashed app that restarts is waited for. */
export const NORMAL_HOLD_SECONDS = 15;
