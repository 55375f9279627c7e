import { type EnvVariable, type HealthProbe, publishedName, type ServiceSpec } from "./spec.ts";

/** One difference between two releases of a service. Never has the value of a variable. */
export interface SpecChange {
  /** Name of the option; sites are told as `url`, whichever option gave them. */
  readonly option: string;
  readonly change: "added" | "removed" | "changed";
  /** As written in a Dockerfile; of `env` and `buildarg` the name alone. What was removed, or what is there now. */
  readonly value: string;
  /** What a changed value was; not there for `env` and `buildarg`. */
  readonly before?: string | undefined;
}

/** A release, as far as differences go. */
export interface Compared {
  readonly spec: ServiceSpec;
  /** What the containers get. */
  readonly env: readonly EnvVariable[];
}

interface Written {
  readonly option: string;
  /** The values as a Dockerfile would have them; none: no such line. */
  readonly values: (spec: ServiceSpec) => readonly string[];
}

/** How each field is written; a new field of the spec does not compile before it is here. */
const WRITTEN: {
  readonly [field in Exclude<keyof ServiceSpec, "name" | "env" | "storedEnv" | "fileEnv" | "buildArgs">]: Written;
} = {
  sites: {
    option: "url",
    values: ({ sites }) => sites.map(({ domain, path, https }) => `${https ? "https" : "http"}://${domain}${path}`),
  },
  hsts: { option: "hsts", values: ({ hsts }) => [String(hsts)] },
  volumes: {
    option: "volume",
    values: ({ volumes }) =>
      volumes.map(({ source, target, readOnly }) => `${source}:${target}${readOnly ? ":ro" : ""}`),
  },
  port: { option: "port", values: ({ port }) => [String(port)] },
  publish: {
    option: "publish",
    values: ({ publish }) => publish.map((port) => publishedName(port).replace(/^\d+/, `$&:${port.port}`)),
  },
  scale: { option: "scale", values: ({ scale }) => [String(scale)] },
  healthcheck: {
    option: "healthcheck",
    values: ({ healthcheck }) => healthcheck === undefined ? [] : [writtenProbe(healthcheck)],
  },
  maxMemoryBytes: {
    option: "maxmem",
    values: ({ maxMemoryBytes }) => maxMemoryBytes === undefined ? [] : [writtenMemory(maxMemoryBytes)],
  },
  maxCpus: { option: "maxcpu", values: ({ maxCpus }) => maxCpus === undefined ? [] : [String(maxCpus)] },
  startTimeoutSeconds: { option: "start-timeout", values: (spec) => [`${spec.startTimeoutSeconds}s`] },
  drainTimeoutSeconds: { option: "drain-timeout", values: (spec) => [`${spec.drainTimeoutSeconds}s`] },
  stopGraceSeconds: { option: "stop-grace", values: (spec) => [`${spec.stopGraceSeconds}s`] },
  peers: {
    option: "isolated",
    values: ({ peers }) => [peers === undefined ? "false" : peers.length === 0 ? "true" : peers.join(",")],
  },
};

/** What of the options and of the environment a release would change, in the order of the options. Pure. */
export function specChanges(next: Compared, old: Compared): readonly SpecChange[] {
  return [
    ...Object.values(WRITTEN).flatMap(({ option, values }) =>
      valueChanges(option, values(next.spec), values(old.spec))
    ),
    ...variableChanges("env", next.env, old.env),
    ...variableChanges("buildarg", next.spec.buildArgs, old.spec.buildArgs),
  ];
}

function valueChanges(option: string, next: readonly string[], old: readonly string[]): readonly SpecChange[] {
  const added = next.filter((value) => !old.includes(value));
  const removed = old.filter((value) => !next.includes(value));
  const [value, before] = [added[0], removed[0]];
  if (added.length === 1 && removed.length === 1 && value !== undefined) {
    return [{ option, change: "changed", value, before }];
  }
  return [
    ...added.map((value) => ({ option, change: "added", value }) as const),
    ...removed.map((value) => ({ option, change: "removed", value }) as const),
  ];
}

function variableChanges(
  option: string,
  next: readonly EnvVariable[],
  old: readonly EnvVariable[],
): readonly SpecChange[] {
  const before = new Map(old.map((variable) => [variable.name, variable]));
  const after = new Set(next.map(({ name }) => name));
  return [
    ...next.flatMap((variable): readonly SpecChange[] => {
      const was = before.get(variable.name);
      if (was === undefined) return [{ option, change: "added", value: variable.name }];
      return was.value === variable.value ? [] : [{ option, change: "changed", value: variable.name }];
    }),
    ...old.filter(({ name }) => !after.has(name)).map(({ name }) =>
      ({ option, change: "removed", value: name }) as const
    ),
  ];
}

function writtenProbe({ path, intervalMs, timeoutMs }: HealthProbe): string {
  const [interval, timeout] = [intervalMs, timeoutMs].map((ms) => ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
  return `${path} ${interval} ${timeout}`;
}

function writtenMemory(bytes: number): string {
  for (const [unit, size] of [["g", 2 ** 30], ["m", 2 ** 20], ["k", 2 ** 10]] as const) {
    if (bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}
