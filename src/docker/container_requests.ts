import * as v from "valibot";
import { apiPath, decodeAs, type DockerRequest, type DockerStream, ignoreAnswer, LabelsSchema } from "./request.ts";

/** Health check as the Engine writes it; durations in nanoseconds, 0 or missing: the default. */
export interface EngineHealthcheck {
  readonly Test?: readonly string[] | null | undefined;
  readonly Interval?: number | undefined;
  readonly Timeout?: number | undefined;
  readonly StartPeriod?: number | undefined;
  /** From API 1.44. */
  readonly StartInterval?: number | undefined;
  readonly Retries?: number | undefined;
}

/** A container's place on a network. */
export interface EngineEndpoint {
  /** None: wherever Docker puts it. */
  readonly IPAMConfig?: { readonly IPv4Address: string };
  readonly Aliases?: readonly string[];
  /** From API 1.44. */
  readonly MacAddress?: string;
}

/** What `POST /containers/create` is told: the fields MyPaas uses. */
export interface ContainerBody {
  readonly Image: string;
  readonly Cmd?: readonly string[];
  readonly User?: string;
  readonly Env: readonly string[];
  readonly Labels: Readonly<Record<string, string>>;
  readonly StopTimeout?: number;
  readonly Tty?: boolean;
  readonly OpenStdin?: boolean;
  /** Whether standard input ends when the first who attached to it has gone. */
  readonly StdinOnce?: boolean;
  readonly Healthcheck?: EngineHealthcheck;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly NetworkingConfig?: { readonly EndpointsConfig: Readonly<Record<string, EngineEndpoint>> };
}

/** Makes a container; gives its id. 409 when the name is taken. */
export function createContainer(name: string, body: ContainerBody): DockerRequest<string> {
  return {
    action: `create the container "${name}"`,
    method: "POST",
    path: apiPath(["containers", "create"], { name }),
    body,
    decode: (answer) => v.parse(v.object({ Id: v.string() }), answer).Id,
  };
}

const EndpointSchema = v.object({
  /** What was asked for: there for a stopped container too. */
  IPAMConfig: v.nullish(v.object({ IPv4Address: v.optional(v.string(), "") })),
  IPAddress: v.optional(v.string(), ""),
  MacAddress: v.optional(v.string(), ""),
  Aliases: v.nullish(v.array(v.string())),
});

const ContainerSchema = v.object({
  Id: v.string(),
  /** Begins with a slash. */
  Name: v.string(),
  RestartCount: v.optional(v.number(), 0),
  State: v.object({
    Status: v.string(),
    Running: v.boolean(),
    OOMKilled: v.optional(v.boolean(), false),
    Pid: v.number(),
    ExitCode: v.number(),
    Error: v.optional(v.string(), ""),
    StartedAt: v.string(),
    Health: v.nullish(v.object({
      Status: v.string(),
      Log: v.nullish(v.array(v.object({ Output: v.optional(v.string(), "") }))),
    })),
  }),
  HostConfig: v.object({ RestartPolicy: v.nullish(v.object({ Name: v.optional(v.string(), "") })) }),
  Config: v.object({ Labels: LabelsSchema, Tty: v.optional(v.boolean(), false) }),
  NetworkSettings: v.object({
    Networks: v.nullish(v.record(v.string(), EndpointSchema)),
    /** By the container's port; null for one that is not published. */
    Ports: v.nullish(v.record(v.string(), v.nullish(v.array(v.object({ HostIp: v.optional(v.string(), "") }))))),
  }),
});

/** The address of a container on a network. A stopped one has a fixed address too; undefined: none at the moment. */
export function endpointAddress({ IPAMConfig, IPAddress }: v.InferOutput<typeof EndpointSchema>): string | undefined {
  return IPAMConfig?.IPv4Address || IPAddress || undefined;
}

/** A container as the Engine describes it. */
export type EngineContainer = v.InferOutput<typeof ContainerSchema>;

/** Looks at a container; 404 when there is none. The Engine takes an id's beginning for a name: compare. */
export function inspectContainer(name: string): DockerRequest<EngineContainer> {
  return {
    action: `look at the container "${name}"`,
    method: "GET",
    path: apiPath(["containers", name, "json"]),
    decode: decodeAs(ContainerSchema),
  };
}

const ContainerListSchema = v.array(v.object({
  Id: v.string(),
  Names: v.array(v.string()),
  Labels: LabelsSchema,
  NetworkSettings: v.nullish(v.object({ Networks: v.nullish(v.record(v.string(), EndpointSchema)) })),
}));

/** What a list says of a container. */
export interface ListedContainer extends ContainerRef {
  readonly labels: Readonly<Record<string, string>>;
  /** Names of those it is on. */
  readonly networks: readonly string[];
  /** The fixed ones, and those that Docker gave while it runs. */
  readonly addresses: readonly string[];
}

/** All containers that carry the labels, running or not; names are without slash. */
export function listContainers(labels: readonly string[]): DockerRequest<readonly ListedContainer[]> {
  return {
    action: "list the containers",
    method: "GET",
    path: apiPath(["containers", "json"], { all: true, filters: { label: labels } }),
    decode: (answer) =>
      v.parse(ContainerListSchema, answer).map(({ Id, Names, Labels, NetworkSettings }) => ({
        id: Id,
        name: (Names[0] ?? Id).replace("/", ""),
        labels: Labels,
        networks: Object.keys(NetworkSettings?.Networks ?? {}),
        addresses: Object.values(NetworkSettings?.Networks ?? {}).flatMap((endpoint) =>
          endpointAddress(endpoint) ?? []
        ),
      })),
  };
}

/** A container by its id, and the name it has in sentences. */
export interface ContainerRef {
  readonly id: string;
  readonly name: string;
}

/** 304 when it runs already. */
export function startContainer({ id, name }: ContainerRef): DockerRequest<void> {
  return command(`start "${name}"`, apiPath(["containers", id, "start"]));
}

/** SIGTERM, then SIGKILL after the grace (the container's own unless given); answers when it has ended. 304 when it does not run. */
export function stopContainer({ id, name }: ContainerRef, graceSeconds?: number): DockerRequest<void> {
  return command(`stop "${name}"`, apiPath(["containers", id, "stop"], { t: graceSeconds }));
}

/** Sends a signal, such as `SIGUSR2`, to the first process. 409 when it does not run. */
export function signalContainer({ id, name }: ContainerRef, signal: string): DockerRequest<void> {
  return command(`send ${signal} to "${name}"`, apiPath(["containers", id, "kill"], { signal }));
}

/** Sets whether a container is started again when it ends. */
export function setRestartPolicy({ id, name }: ContainerRef, restart: boolean): DockerRequest<void> {
  return {
    ...command(`set the restart policy of "${name}"`, apiPath(["containers", id, "update"])),
    body: { RestartPolicy: { Name: restart ? "always" : "no" } },
  };
}

/** Kills and removes a container with its anonymous volumes. 404 when it is not there, 409 when that goes on already. */
export function removeContainer({ id, name }: ContainerRef): DockerRequest<void> {
  return {
    action: `remove "${name}"`,
    method: "DELETE",
    path: apiPath(["containers", id], { force: true, v: true }),
    decode: ignoreAnswer,
  };
}

/** What a container wrote, each line behind its time; decoded by `logLines`. */
export function containerLogs<T>(
  { id, name }: ContainerRef,
  query: { readonly follow: boolean; readonly tail?: number | undefined; readonly since?: number | undefined },
  decode: DockerStream<T>["decode"],
): DockerStream<T> {
  const { follow, tail = "all", since } = query;
  return {
    action: `read the log of "${name}"`,
    method: "GET",
    path: apiPath(["containers", id, "logs"], { stdout: true, stderr: true, timestamps: true, follow, tail, since }),
    decode,
  };
}

function command(action: string, path: string): DockerRequest<void> {
  return { action, method: "POST", path, decode: ignoreAnswer };
}
