import { MyPaasError, UsageError } from "../error.ts";
import { autoDomainSuffix } from "../service/auto_domain.ts";
import { parseSize } from "../service/option_values.ts";
import {
  DEFAULT_BUILD_TIMEOUT,
  DEFAULT_CERTIFICATE_HOURS,
  DEFAULT_QUOTAS,
  DEFAULT_TRAEFIK_IMAGE,
  type ServerSettings,
} from "./settings.ts";
import { type DraftSettings, fieldProblem } from "./settings_file.ts";

/** What `init` was told this time, as it was written; undefined: as before. An empty text takes an optional value away. */
export type InitFlags = { readonly [field in FlagField]?: string | undefined };
export type FlagField = Exclude<keyof ServerSettings, "serverId" | "apiPassword" | "networks">;

/** What a server has that was never told anything. */
export interface FreshSettings {
  readonly serverId: string;
  readonly apiPassword: string;
  /** The machine's own address; undefined when it has none that others could reach. */
  readonly address: string | undefined;
  readonly supervisor: ServerSettings["supervisor"];
  readonly volumes: string;
}

/** The flag of each setting. */
const FLAGS: { readonly [field in FlagField]: string } = {
  address: "--address",
  domain: "--domain",
  httpPort: "--http-port",
  httpsPort: "--https-port",
  supervisor: "--supervisor",
  email: "--email",
  acme: "--acme",
  acmeCa: "--acme-ca",
  certificateHours: "--certificate-hours",
  dns: "--dns",
  volumes: "--volumes",
  traefikImage: "--traefik-image",
  autoDomain: "--auto-domain",
  builder: "--builder",
  builds: "--builds",
  buildTimeout: "--build-timeout",
  buildCgroup: "--build-cgroup",
  maxContext: "--max-context",
  maxFiles: "--max-files",
  spoolSize: "--spool-size",
};

/**
 * What the server shall be: what it was, changed by the flags; at the first time the defaults.
 *
 * @throws {UsageError} naming the flag with a bad value
 */
export function wantedSettings(
  flags: InitFlags,
  previous: DraftSettings | undefined,
  fresh: FreshSettings,
): DraftSettings {
  const optional = (field: FlagField, before: string | undefined) =>
    flags[field] === "" ? undefined : checked(field, flags[field]) ?? before;
  const required = (field: FlagField, before: string) => checked(field, flags[field]) ?? before;
  const number = (field: FlagField, before: number) =>
    flags[field] === undefined ? before : numberFlag(field, flags[field]);
  const size = (field: "maxContext" | "spoolSize") =>
    flags[field] === undefined ? previous?.[field] ?? DEFAULT_QUOTAS[field] : sizeFlag(field, flags[field]);
  const domain = optional("domain", previous?.domain);
  const settings: DraftSettings = {
    serverId: previous?.serverId ?? fresh.serverId,
    address: checked("address", flags.address) ?? previous?.address ?? fresh.address ?? domain ?? noAddress(),
    domain,
    httpPort: number("httpPort", previous?.httpPort ?? 80),
    httpsPort: number("httpsPort", previous?.httpsPort ?? 443),
    supervisor: supervisorFlag(flags.supervisor) ?? previous?.supervisor ?? fresh.supervisor,
    email: optional("email", previous?.email),
    acme: required("acme", previous?.acme ?? "production"),
    acmeCa: optional("acmeCa", previous?.acmeCa),
    certificateHours: number("certificateHours", previous?.certificateHours ?? DEFAULT_CERTIFICATE_HOURS),
    dns: optional("dns", previous?.dns),
    volumes: required("volumes", previous?.volumes ?? fresh.volumes),
    traefikImage: required("traefikImage", previous?.traefikImage ?? DEFAULT_TRAEFIK_IMAGE),
    autoDomain: optional("autoDomain", previous?.autoDomain),
    builder: builderFlag(flags.builder) ?? previous?.builder ?? "buildkit",
    builds: number("builds", previous?.builds ?? 1),
    buildTimeout: number("buildTimeout", previous?.buildTimeout ?? DEFAULT_BUILD_TIMEOUT),
    buildCgroup: optional("buildCgroup", previous?.buildCgroup),
    maxContext: size("maxContext"),
    maxFiles: number("maxFiles", previous?.maxFiles ?? DEFAULT_QUOTAS.maxFiles),
    spoolSize: size("spoolSize"),
    apiPassword: previous?.apiPassword ?? fresh.apiPassword,
    networks: previous?.networks ?? {},
  };
  if (settings.httpPort === settings.httpsPort) {
    throw new UsageError(`Cannot use port ${settings.httpPort} for both http and https`, {
      hint: "Give different ports with --http-port and --https-port",
    });
  }
  const { autoDomain, address } = settings;
  if (autoDomain !== undefined && autoDomainSuffix(autoDomain, address) === undefined) {
    throw new UsageError(`Cannot use --auto-domain ${autoDomain}: the server's address is ${JSON.stringify(address)}`, {
      hint:
        "Give its IPv4 address with --address, or a domain of your own, of which * leads here: --auto-domain apps.example.org",
    });
  }
  return settings;
}

function checked(field: FlagField, value: string | undefined): string | undefined {
  const problem = value === undefined ? undefined : fieldProblem(field, value);
  if (problem !== undefined) refuse(field, value ?? "", problem);
  return value;
}

function numberFlag(field: FlagField, value: string): number {
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  const problem = fieldProblem(field, number);
  if (problem !== undefined) refuse(field, value, problem);
  return number;
}

function sizeFlag(field: FlagField, value: string): number {
  const bytes = parseSize(value);
  const problem = fieldProblem(field, bytes ?? NaN);
  if (bytes === undefined || problem !== undefined) refuse(field, value, problem ?? "");
  return bytes;
}

function supervisorFlag(value: string | undefined): ServerSettings["supervisor"] | undefined {
  checked("supervisor", value);
  return value === "systemd" || value === "docker" || value === "none" ? value : undefined;
}

function builderFlag(value: string | undefined): ServerSettings["builder"] | undefined {
  checked("builder", value);
  return value === "buildkit" || value === "classic" ? value : undefined;
}

function refuse(field: FlagField, value: string, problem: string): never {
  throw new UsageError(`Cannot use ${FLAGS[field]} ${JSON.stringify(value)}: it must be ${problem}`);
}

function noAddress(): never {
  throw new MyPaasError(
    "Cannot tell the address of this server: no interface of its default route has an IPv4 address",
    {
      hint: "Give the address by which laptops reach it: mypaas init --address 203.0.113.7",
    },
  );
}
