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
  }, { useAnchors: false, lineWidth: -1 });
}
