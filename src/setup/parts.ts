import { Label, objectNames } from "../service/names.ts";
import { PLUGINS_FOLDER } from "../traefik/redirect_plugin.ts";
import { type AcmeConfig, renderStaticConfig } from "../traefik/static_config.ts";
import { nthAddress } from "./addresses.ts";
import type { ServerLayout } from "./layout.ts";
import type { PartContainer } from "./machine.ts";
import { FixedHost, RECEIVER_PORT, RECEIVER_USER, type ServerSettings, shortId, TRAEFIK_API_PORT } from "./settings.ts";

export const DOCKER_SOCKET = "/var/run/docker.sock";
/** What containers use stands here; a container has but its own part of it unless it is mounted. */
export const CONTROL_GROUPS = "/sys/fs/cgroup";
/** Where the program stands in the containers made from it. */
const PROGRAM_PATH = "/usr/local/bin/mypaas";
/** Where Traefik finds `layout.traefik`. */
export const TRAEFIK_FOLDER = "/etc/traefik";

/** Digest of the files a part reads when it starts, so that it is made anew when one of them changed. */
const CONTENT_LABEL = "mypaas.content";

/** Lets the daemon and the receiver give memory back when they are idle; see `src/host/memory.ts`. */
export const TRIM_VARIABLE = "DENO_USR2_MEMORY_TRIM";

/** What the parts of a server are made from. */
export interface PartsInput {
  readonly settings: ServerSettings;
  readonly layout: ServerLayout;
  readonly content: PartsContent;
}

/** Digests (any text) of what a part reads once, when it starts. */
export interface PartsContent {
  readonly program: string;
  /** `server.yml`. */
  readonly settings: string;
  /** `traefik.yml`, its plugin, the certificates, and what signed the authority's. */
  readonly traefik: string;
}

/** Where Traefik answers on the admin network. */
export function traefikAdminAddress(settings: Pick<ServerSettings, "networks">): string {
  return nthAddress(settings.networks.admin.subnet, FixedHost.traefik);
}

/** Where the receiver answers on the entry network. */
export function receiverAddress(settings: Pick<ServerSettings, "networks">): string {
  return nthAddress(settings.networks.entry.subnet, FixedHost.receiver);
}

/** The text of `traefik.yml`, with paths as Traefik's container has them. */
export function traefikStatic(settings: Pick<ServerSettings, "networks">, acme: AcmeConfig): string {
  return renderStaticConfig({
    adminAddress: traefikAdminAddress(settings),
    adminPort: TRAEFIK_API_PORT,
    routesFolder: `${TRAEFIK_FOLDER}/routes`,
    acme,
  });
}

/** Digest label of what the daemon reads when it starts; also in its systemd unit. */
export function daemonContent({ content }: Pick<PartsInput, "content">): string {
  return `${content.program}-${content.settings}`;
}

/** The containers of a server, in the order in which they are started. */
export function wantedParts(input: PartsInput): readonly PartContainer[] {
  const parts = [receiverPart(input), traefikPart(input)];
  return input.settings.supervisor === "docker" ? [...parts, daemonPart(input)] : parts;
}

/**
 * Traefik: published ports, no Docker socket. Its whole folder is mounted, not files of it, because files are replaced by
 * rename.
 */
function traefikPart({ settings, layout, content }: PartsInput): PartContainer {
  const names = namesOf(settings, layout);
  const at = (network: "ingress" | "entry" | "admin") => ({
    name: names.networks[network],
    address: nthAddress(settings.networks[network].subnet, FixedHost.traefik),
  });
  return {
    ...LOCKED,
    name: names.traefik,
    image: settings.traefikImage,
    command: [`--configFile=${TRAEFIK_FOLDER}/traefik.yml`],
    labels: labels(settings, "traefik", content.traefik),
    capabilities: ["NET_BIND_SERVICE"],
    mounts: [
      { source: layout.traefik, target: TRAEFIK_FOLDER, readOnly: true },
      { source: layout.plugins, target: PLUGINS_FOLDER, readOnly: true },
      { source: layout.acme, target: `${TRAEFIK_FOLDER}/acme`, readOnly: false },
    ],
    ports: [
      { host: settings.httpPort, container: 80 },
      { host: settings.httpsPort, container: 443 },
    ],
    networks: [at("ingress"), at("entry"), at("admin")],
    pidsLimit: 1024,
  };
}

/** The upload server: unprivileged, no Docker socket, no keys; it sees the spool and the gate. */
function receiverPart({ settings, layout, content }: PartsInput): PartContainer {
  const names = namesOf(settings, layout);
  return {
    ...LOCKED,
    name: names.receiver,
    image: names.receiverImage,
    command: [
      PROGRAM_PATH,
      "receiver",
      ...["--spool", "/spool"],
      ...["--gate", "/gate/gate.sock"],
      ...["--port", String(RECEIVER_PORT)],
      ...["--server-id", settings.serverId],
      ...["--max-context", String(settings.maxContext)],
      ...["--max-files", String(settings.maxFiles)],
      ...["--spool-size", String(settings.spoolSize)],
    ],
    labels: labels(settings, "receiver", content.program),
    env: { [TRIM_VARIABLE]: "1" },
    user: `${RECEIVER_USER}:${RECEIVER_USER}`,
    mounts: [
      { source: layout.binary, target: PROGRAM_PATH, readOnly: true },
      { source: layout.spool, target: "/spool", readOnly: false },
      { source: layout.gate, target: "/gate", readOnly: true, make: true },
    ],
    networks: [{ name: names.networks.entry, address: receiverAddress(settings) }],
    pidsLimit: 256,
  };
}

/**
 * The daemon where no systemd runs it. It needs the host's network for probes, the host's processes for `/proc/<pid>/net`
 * (readable without further capabilities: tried with a process of another user), and every path under its own name,
 * because it tells Docker which folders to mount.
 */
function daemonPart(input: PartsInput): PartContainer {
  const { settings, layout } = input;
  const names = namesOf(settings, layout);
  const same = (path: string, readOnly: boolean) => ({ source: path, target: path, readOnly });
  const root = layout.root === "/"
    ? [same(layout.binary, true), same(layout.etc, true), same(layout.lib, false), {
      ...same(layout.run, false),
      make: true as const,
    }]
    : [same(layout.root, false)];
  const volumes = layout.root !== "/" && `${settings.volumes}/`.startsWith(`${layout.root}/`)
    ? []
    : [same(settings.volumes, false)];
  return {
    ...LOCKED,
    name: names.daemon,
    image: names.receiverImage,
    command: daemonCommand(layout),
    labels: labels(settings, "daemon", daemonContent(input)),
    env: { [TRIM_VARIABLE]: "1" },
    capabilities: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
    mounts: [...root, ...volumes, same(DOCKER_SOCKET, false), same(CONTROL_GROUPS, true)],
    hostNetwork: true,
    hostPid: true,
    pidsLimit: 1024,
  };
}

/** The command that is the daemon, as words. */
export function daemonCommand(layout: ServerLayout): readonly string[] {
  return [layout.binary, ...layout.root === "/" ? [] : ["--root", layout.root], "daemon"];
}

const LOCKED = {
  env: {},
  user: "",
  readOnlyRoot: true,
  capabilities: [],
  tmpfs: ["/tmp"],
  ports: [],
  networks: [],
  hostNetwork: false,
  hostPid: false,
} as const satisfies Partial<PartContainer>;

function namesOf(settings: ServerSettings, layout: ServerLayout) {
  return objectNames(shortId(settings, layout.root));
}

function labels(settings: ServerSettings, part: "traefik" | "receiver" | "daemon", content: string) {
  return { [Label.instance]: settings.serverId, [Label.part]: part, [CONTENT_LABEL]: content };
}
