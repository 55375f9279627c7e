import type { BuilderKind } from "../service/builder_syntax.ts";

/** One network with what Docker chose for it, spelled out. */
export interface NetworkSettings {
  /** CIDR, such as `172.31.0.0/16`. */
  readonly subnet: string;
  readonly gateway: string;
  /** Docker's own range: the upper half. */
  readonly range: string;
}

/** What `init` was told and what it found: `/etc/mypaas/server.yml`. Holds no secret but Traefik's API password, so 0600. */
export interface ServerSettings {
  /** 32 hex digits, made once. */
  readonly serverId: string;
  /** How laptops reach the server: a domain or an IPv4 address. */
  readonly address: string;
  /** The receiver's own domain; undefined: the address with a certificate made here. */
  readonly domain: string | undefined;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly supervisor: "systemd" | "docker" | "none";
  readonly email: string | undefined;
  readonly acme: string;
  readonly acmeCa: string | undefined;
  /** How long the certificates of the authority are valid. */
  readonly certificateHours: number;
  /** The name server that is asked where domains lead: `address` or `address:port`; undefined: the machine's. */
  readonly dns: string | undefined;
  /** The folder that bind volumes must lie under; `~` in a Dockerfile. */
  readonly volumes: string;
  readonly traefikImage: string;
  /**
   * What services without a domain are reached under; `sslip.io`: below the server's address there, see
   * `src/service/auto_domain.ts`. Undefined: they are not reached.
   */
  readonly autoDomain: string | undefined;
  /** What Docker builds images with. */
  readonly builder: BuilderKind;
  /** How many images are built at the same time. */
  readonly builds: number;
  /** Longest time of one build, in minutes. */
  readonly buildTimeout: number;
  /**
   * Control group that builds run below, which limits their memory and CPU: its path, or a slice where Docker uses systemd's.
   * BuildKit knows it from Engine 23 on, the classic builder always. Undefined: Docker's own.
   */
  readonly buildCgroup: string | undefined;
  /** Most bytes of the files of one push. */
  readonly maxContext: number;
  /** Most files, folders and links of one push. */
  readonly maxFiles: number;
  /** How many bytes of disk what was pushed may take, once for the spool and once for what came over the daemon's socket. */
  readonly spoolSize: number;
  readonly apiPassword: string;
  readonly networks: {
    readonly internal: NetworkSettings;
    readonly ingress: NetworkSettings;
    readonly entry: NetworkSettings;
    readonly admin: NetworkSettings;
  };
}

/** Six hex digits that tell a second root's Docker objects apart; empty for the root `/`. */
export function shortId(settings: Pick<ServerSettings, "serverId">, root: string): string {
  return root === "/" ? "" : settings.serverId.slice(0, 6);
}

/** Fixed addresses, counted from the start of each network's lower half; .1 is the gateway. Replicas begin at `firstReplica`. */
export const FixedHost = { gateway: 1, traefik: 2, receiver: 3, firstReplica: 16 } as const;

/** More than this no push may have, because all of it is in memory at once; `MAX_ENTRIES` of `src/wire/limits.ts`. */
export const MAX_FILES = 100_000;

/** What a push may hold, and the disk that pushes may take, unless `init` was told otherwise. */
export const DEFAULT_QUOTAS = { maxContext: 4 * 2 ** 30, maxFiles: MAX_FILES, spoolSize: 20 * 2 ** 30 } as const;

/** Those of Let's Encrypt: 90 days. */
export const DEFAULT_CERTIFICATE_HOURS = 90 * 24;
/** Minutes. */
export const DEFAULT_BUILD_TIMEOUT = 60;

/** The pinned Traefik; another one is tried with `--traefik-image`. */
export const DEFAULT_TRAEFIK_IMAGE = "traefik:v3.7.15";
/** Port of Traefik's API on the admin network. */
export const TRAEFIK_API_PORT = 8080;
/** Port of the receiver on the entry network. */
export const RECEIVER_PORT = 8080;
/** User and group of the receiver, `nonroot` by common use. */
export const RECEIVER_USER = 65532;

/** The URL under which laptops reach the server. */
export function serverUrl(
  { domain, address, httpsPort }: Pick<ServerSettings, "domain" | "address" | "httpsPort">,
): string {
  return `https://${domain ?? address}${httpsPort === 443 ? "" : `:${httpsPort}`}`;
}
