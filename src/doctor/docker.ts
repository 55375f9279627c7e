import { advice, fault, type Finding, warning } from "./finding.ts";

/** What Docker says of itself, and what it was told. */
export interface DockerFacts {
  /** Such as `20.10.24`. */
  readonly engine: string;
  readonly storageDriver: string;
  readonly logDriver: string;
  readonly liveRestore: boolean;
  /** In a swarm Docker refuses live-restore. */
  readonly swarm: boolean;
  /** The words that dockerd was started with; none when it is not seen. */
  readonly command: readonly string[];
  /** dockerd's settings; `text` is undefined where there is no such file. */
  readonly settings: { readonly path: string; readonly text: string | undefined };
}

/** Where dockerd's settings are, unless it was told otherwise: dockerd(8). */
export const DOCKER_SETTINGS = "/etc/docker/daemon.json";
/** From this Engine on the build cache is collected unless somebody said no: `IsEnabled` of its `BuilderGCConfig`. */
const COLLECTS_BY_ITSELF = 28;
const SLOW_DRIVERS: ReadonlySet<string> = new Set(["vfs", "devicemapper", "aufs"]);

/** The settings' file that a dockerd goes by. @param command its words */
export function dockerSettingsPath(command: readonly string[]): string {
  return valuesOf(command, ["--config-file"]).at(-1) ?? DOCKER_SETTINGS;
}

/** Judges Docker's settings. */
export function checkDocker(facts: DockerFacts): readonly Finding[] {
  const { settings: { path, text } } = facts;
  const settings = text === undefined ? {} : settingsOf(text);
  if (settings === undefined) {
    return [
      fault(
        `Docker will not start again: "${path}" is not a JSON object`,
        `dockerd --validate --config-file ${path}`,
      ),
    ];
  }
  return [
    ...openApi(facts, settings),
    ...storage(facts),
    ...logs(facts, settings),
    ...liveRestore(facts),
    ...buildCache(facts, settings),
  ];
}

type Settings = Readonly<Record<string, unknown>>;

function openApi({ command, settings: { path } }: DockerFacts, settings: Settings): readonly Finding[] {
  const inFile = Array.isArray(settings["hosts"]) ? settings["hosts"].map(String) : [];
  const hosts = [...inFile, ...valuesOf(command, ["-H", "--host"])].filter((host) => host.startsWith("tcp:"));
  const verified = settings["tlsverify"] === true ||
    command.some((word) => word === "--tlsverify" || word === "--tlsverify=true");
  if (verified) return [];
  return [...new Set(hosts)].map((host) => {
    const fix = `Take ${host} out of ${
      inFile.includes(host) ? path : "the flags of dockerd (systemctl edit docker)"
    }, then: systemctl restart docker`;
    const loopback = /^tcp:\/\/(127\.|localhost|\[::1\])/.test(host);
    return loopback
      ? warning(`Docker's API is open at ${host} without TLS: every program on this machine can become root by it`, fix)
      : fault(`Docker's API is open at ${host} without TLS: whoever reaches it is root here`, fix);
  });
}

function storage({ storageDriver }: DockerFacts): readonly Finding[] {
  if (!SLOW_DRIVERS.has(storageDriver)) return [];
  return [
    warning(
      `Docker's storage driver "${storageDriver}" is slow${
        storageDriver === "vfs" ? " and copies whole images for every container" : " and no longer supported"
      }`,
      `Put "storage-driver": "overlay2" into ${DOCKER_SETTINGS} (images must be built and pulled again), then: systemctl restart docker`,
    ),
  ];
}

/** MyPaas gives its own containers the driver `local`, so this is about those of others. */
function logs({ logDriver, settings: { path } }: DockerFacts, settings: Settings): readonly Finding[] {
  const options = settings["log-opts"];
  const bounded = typeof options === "object" && options !== null && "max-size" in options;
  if (logDriver !== "json-file" || bounded) return [];
  return [
    advice(
      "Docker keeps all logs of containers that MyPaas did not make, without an end",
      `Put this line into ${path}: "log-driver": "local", then: systemctl restart docker`,
    ),
  ];
}

function liveRestore({ liveRestore: on, swarm, settings: { path } }: DockerFacts): readonly Finding[] {
  if (on || swarm) return [];
  return [
    advice(
      "A restart of Docker stops every container, because live-restore is off",
      `Put this line into ${path}: "live-restore": true, then: systemctl reload docker`,
    ),
  ];
}

function buildCache({ engine, settings: { path } }: DockerFacts, settings: Settings): readonly Finding[] {
  const builder = settings["builder"];
  const gc = typeof builder === "object" && builder !== null && "gc" in builder ? builder.gc : undefined;
  const enabled = typeof gc === "object" && gc !== null && "enabled" in gc ? gc.enabled === true : undefined;
  if (enabled ?? Number(engine.split(".")[0]) >= COLLECTS_BY_ITSELF) return [];
  return [
    advice(
      "Docker's build cache only grows, because its collection is not switched on",
      `Put this line into ${path}: "builder": { "gc": { "enabled": true, "defaultKeepStorage": "10GB" } }, then: systemctl restart docker`,
    ),
  ];
}

/** `--host X`, `--host=X`, `-H X` and `-HX`. */
function valuesOf(command: readonly string[], flags: readonly string[]): readonly string[] {
  return command.flatMap((word, i) => {
    if (flags.includes(word)) return command[i + 1] ?? [];
    const flag = flags.find((one) => word.startsWith(one.startsWith("--") ? `${one}=` : one));
    return flag === undefined ? [] : word.slice(flag.length).replace(/^=/, "");
  });
}

function settingsOf(text: string): Settings | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
