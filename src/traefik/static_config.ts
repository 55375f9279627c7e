import { stringify } from "@std/yaml";
import { isIpv4 } from "../service/ipv4.ts";
import { REDIRECT_MODULE, REDIRECT_PLUGIN } from "./redirect_plugin.ts";
import { checkedPort } from "./rule.ts";

/** The name of the authority in this file, in the route file and in the file where Traefik keeps its certificates. */
export const RESOLVER = "mypaas";

/** The authority that signs certificates, and Traefik's account with it. */
export interface AcmeConfig {
  /** The URL of its directory (RFC 8555, 7.1.1). */
  readonly directory: string;
  /** Whom it may write to. */
  readonly email: string | undefined;
  /** Where Traefik keeps its account and the certificates: a path in its container. */
  readonly storage: string;
  /** What signed the directory's own certificate, when the usual authorities did not: a path in Traefik's container. */
  readonly caFile: string | undefined;
  /** How long a certificate is valid; Traefik derives from it when to renew one. */
  readonly certificateHours: number;
}

export interface StaticConfigOptions {
  /** Traefik's own address on the admin network: its API answers nowhere else. */
  readonly adminAddress: string;
  readonly adminPort: number;
  /** The folder with the route file, inside Traefik's container. */
  readonly routesFolder: string;
  readonly acme?: AcmeConfig;
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
 * Where the settings differ from Traefik's defaults, this is why:
 * - `readTimeout: 0`: the default ends a request whose body takes longer than 60 s, such as a video on a slow line
 * - `graceTimeOut: 5s`: while Traefik stops, nobody listens, so a stop must end before Docker's 10 s
 * - `aliasHeadersStrategy: delete`: many applications read `X_Real_Ip` or `X.Real.Ip` as the `X-Real-Ip` that Traefik sets,
 *   so a client could put its own value there
 * - `providersThrottleDuration: 100ms`: a new route is taken up at once
 */
export function renderStaticConfig(
  { adminAddress, adminPort, routesFolder, acme, logLevel }: StaticConfigOptions,
): string {
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
    ...(acme && { certificatesResolvers: { [RESOLVER]: { acme: acmeSettings(acme) } } }),
    experimental: { localPlugins: { [REDIRECT_PLUGIN]: { moduleName: REDIRECT_MODULE } } },
    api: { dashboard: false },
    metrics: { prometheus: METRICS },
  }, { useAnchors: false, lineWidth: -1 });
}

/** Challenges are answered over http (RFC 8555, 8.3), ahead of every route; no port but those of websites is needed. */
function acmeSettings({ directory, email, storage, caFile, certificateHours }: AcmeConfig): unknown {
  return {
    caServer: directory,
    ...(email !== undefined && { email }),
    ...(caFile !== undefined && { caCertificates: [caFile] }),
    storage,
    keyType: "EC256",
    certificatesDuration: certificateHours,
    httpChallenge: { entryPoint: "web" },
  };
}
