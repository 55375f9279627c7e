import { stringify } from "@std/yaml";
import { isIpv4 } from "../service/ipv4.ts";
import { checkedPort } from "./rule.ts";

export interface StaticConfigOptions {
  /** Traefik's own address on the admin network: its API answers nowhere else. */
  readonly adminAddress: string;
  readonly adminPort: number;
  /** The folder with the route file, inside Traefik's container. */
  readonly routesFolder: string;
  readonly logLevel?: "DEBUG" | "INFO" | "WARN" | "ERROR";
}

/**
 * Counts for `mypaas stats`, read by `src/traefik/metrics.ts`. By router, not by service: Traefik counts every attempt of
 * the hold as a request of the service, with status 502, and a service without a server not at all (tried with 3.7.15).
 * They are served where the route file leads to them, behind its password. The times nobody reads get one bucket.
 */
const METRICS = {
  manualRouting: true,
  buckets: [1],
  addEntryPointsLabels: false,
  addRoutersLabels: true,
  addServicesLabels: false,
} as const;

/**
 * Renders what Traefik reads once, when it starts. The ports are those inside its container: 80 and 443.
 *
 * Settings are from routing-experiments; where they differ from Traefik's defaults, this is why:
 * - `readTimeout: 0`: the default ends a request whose body takes longer than 60 s, such as a video on a slow line
 * - `graceTimeOut: 5s`: while Traefik stops, nobody listens, so a stop must end before Docker's 10 s
 * - `aliasHeadersStrategy: delete`: many applications read `X_Real_Ip` or `X.Real.Ip` as the `X-Real-Ip` that Traefik sets,
 *   so a client could put its own value there
 * - `providersThrottleDuration: 100ms`: a new route is taken up at once
 */
export function renderStaticConfig({ adminAddress, adminPort, routesFolder, logLevel }: StaticConfigOptions): string {
  if (!isIpv4(adminAddress)) throw new Error(`Not an IPv4 address: ${JSON.stringify(adminAddress)}`);
  const transport = {
    respondingTimeouts: { readTimeout: 0 },
    lifeCycle: { graceTimeOut: "5s" },
  };
  const http = { aliasHeadersStrategy: "delete" };
  return stringify({
    global: { checkNewVersion: false, sendAnonymousUsage: false },
    log: { level: logLevel ?? "INFO" },
    entryPoints: {
      web: { address: ":80", http, transport },
      websecure: { address: ":443", http, transport },
      admin: { address: `${adminAddress}:${checkedPort(adminPort)}`, http },
    },
    providers: {
      providersThrottleDuration: "100ms",
      file: { directory: routesFolder, watch: true },
    },
    api: { dashboard: false },
    metrics: { prometheus: METRICS },
  }, { useAnchors: false, lineWidth: -1 });
}
