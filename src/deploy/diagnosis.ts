import { NotReadyError } from "../error.ts";
import type { ReplicaState } from "./runtime.ts";

/** The last answer to the request of `mypaas.healthcheck`. */
export interface Probed {
  readonly path: string;
  /** Undefined: none came in time. */
  readonly status: number | undefined;
}

/** What is known of a replica that did not become ready. */
export interface Evidence {
  readonly state: ReplicaState | undefined;
  /** Milliseconds from its start to its end, when it ended. */
  readonly ranMs: number | undefined;
  readonly listeners: readonly { readonly address: string; readonly port: number }[];
  readonly port: number;
  readonly probed?: Probed | undefined;
  readonly maxMemoryBytes?: number | undefined;
  readonly startTimeoutSeconds: number;
  /** Last lines of its log. */
  readonly log: readonly string[];
}

/** Says in one sentence why a replica is not ready. Pure: the evidence in, the words out. */
export function diagnose(name: string, evidence: Evidence): NotReadyError {
  return new NotReadyError(`Cannot bring up ${name}: ${cause(evidence)}`, {
    details: evidence.log,
    hint: hint(evidence),
  });
}

/**
 * Says what seems wrong with a replica that runs and is not ready yet, while there is time to mend it. Pure.
 *
 * @returns undefined when it may just need longer
 */
export function suspicion(name: string, evidence: Evidence): string | undefined {
  const { state, port, listeners, probed, startTimeoutSeconds } = evidence;
  if (state === undefined || ended(state)) return undefined;
  const waits = `it is waited for until ${startTimeoutSeconds} s have passed`;
  const output = healthOutput(state);
  if (output !== "") return `the health check of ${name} did not succeed yet: ${output}; ${waits}`;
  if (probed?.status !== undefined) return `${name} answers ${probed.status} for ${probed.path}; ${waits}`;
  if (listeners.length === 0 || accepts(evidence)) return undefined;
  const only = listeners.every(({ address }) => isLoopback(address)) ? " only" : "";
  return `${name} listens on ${listenerNames(listeners)}${only}, and mypaas.port is ${port}; ${waits}`;
}

function cause(evidence: Evidence): string {
  const { state, port, startTimeoutSeconds } = evidence;
  if (state === undefined) return "its container is gone";
  if (state.error !== "") return state.error;
  if (ended(state)) {
    const after = evidence.ranMs === undefined ? "" : ` after ${(evidence.ranMs / 1000).toFixed(1)} s`;
    if (state.oomKilled) {
      const { maxMemoryBytes } = evidence;
      const limit = maxMemoryBytes === undefined ? "" : `; mypaas.maxmem is ${memory(maxMemoryBytes)}`;
      return `it was killed${after} because it ran out of memory${limit}`;
    }
    const why = isForeign(evidence) ? `: its program is not one of this server's processor (${ENOEXEC})` : "";
    return `it exited with code ${state.exitCode}${after}${signalName(state.exitCode)}${why}`;
  }
  const waited = `within ${startTimeoutSeconds} s`;
  if (state.health === "unhealthy" || state.health === "starting") {
    const output = healthOutput(state);
    return `its health check did not succeed ${waited}${output === "" ? "" : `: ${output}`}`;
  }
  if (evidence.probed?.status !== undefined) {
    const { path, status } = evidence.probed;
    return `its health check ${path} did not answer 2xx or 3xx ${waited}, but ${status}`;
  }
  if (accepts(evidence)) {
    return `it accepts connections on port ${port}, but answered no HTTP request${
      evidence.probed === undefined ? "" : ` for ${evidence.probed.path}`
    } ${waited}`;
  }
  if (evidence.listeners.length > 0) {
    return `it listens on ${listenerNames(evidence.listeners)}; mypaas.port is ${port}`;
  }
  return `it did not listen on port ${port} ${waited}`;
}

function hint(evidence: Evidence): string {
  const { state, listeners, port, maxMemoryBytes } = evidence;
  if (state !== undefined && ended(state) && state.oomKilled && maxMemoryBytes !== undefined) {
    return `Give it more, such as "# mypaas.maxmem = ${memory(2 * maxMemoryBytes)}", or let it use less.`;
  }
  if (isForeign(evidence)) {
    return "Build it for this server: no FROM --platform, GOARCH or binary of another. A script needs its #! line.";
  }
  if (state !== undefined && ended(state) && state.error === "" && state.exitCode === 0) {
    return "A container lives as long as its first process: let that run in the foreground.";
  }
  if (state?.health === "unhealthy" || state?.health === "starting") {
    return `Mend it or its HEALTHCHECK; one that needs longer takes ${longer(evidence)}.`;
  }
  if (state !== undefined && !ended(state) && state.error === "") {
    const onPort = listeners.find((listener) => listener.port === port);
    if (onPort !== undefined && isLoopback(onPort.address)) return "Let the service listen on 0.0.0.0.";
    const other = listeners.find((listener) => !isLoopback(listener.address));
    if (onPort === undefined && other !== undefined) {
      return `Write "# mypaas.port = ${other.port}" in the Dockerfile, or let the service listen on port ${port}.`;
    }
    if (onPort === undefined && listeners.length > 0) {
      return `Let the service listen on 0.0.0.0, and write its port as "# mypaas.port = ...".`;
    }
    return `A service that needs longer to start takes ${longer(evidence)}.`;
  }
  return "The lines above are the end of its log. Mend it and deploy again.";
}

function longer({ startTimeoutSeconds }: Evidence): string {
  return `"# mypaas.start-timeout = ${startTimeoutSeconds * 2}s"`;
}

/** The kernel's words for a program of another architecture, or of none. */
const ENOEXEC = "exec format error";

/** The runtime gives no code for it: it writes the words as the last line of the container's log. */
function isForeign({ state, log }: Evidence): boolean {
  return state !== undefined && ended(state) && log.at(-1)?.includes(ENOEXEC) === true;
}

/** The end of what the health check said, quoted; empty when it said nothing. */
function healthOutput({ health, healthOutput }: ReplicaState): string {
  const output = healthOutput.trim();
  return output === "" || health === "none" || health === "healthy" ? "" : JSON.stringify(output.slice(-200));
}

/** Whether connections from outside of a replica are accepted on its port. */
export function accepts({ listeners, port }: Pick<Evidence, "listeners" | "port">): boolean {
  return listeners.some((listener) => listener.port === port && !isLoopback(listener.address));
}

function ended(state: ReplicaState): boolean {
  return state.status === "exited" || state.status === "restarting" || state.restartCount > 0;
}

/** Exit codes above 128 are a signal's (bash(1), EXIT STATUS). */
function signalName(exitCode: number): string {
  const known: Readonly<Record<number, string>> = { 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM" };
  const name = known[exitCode];
  return name === undefined ? "" : ` (${name})`;
}

/** Bytes as they are written in a Dockerfile: `512m`. */
function memory(bytes: number): string {
  const units = ["", "k", "m", "g", "t"];
  let unit = 0;
  for (; unit < units.length - 1 && bytes % 1024 === 0; unit++) bytes /= 1024;
  return `${bytes}${units[unit]}`;
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function listenerNames(listeners: Evidence["listeners"]): string {
  return listeners.slice(0, 5).map(({ address, port }) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
  )
    .join(", ");
}
