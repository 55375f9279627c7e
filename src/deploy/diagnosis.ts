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
    return `it exited with code ${state.exitCode}${after}${signalName(state.exitCode)}`;
  }
  const waited = `within ${startTimeoutSeconds} s`;
  if (state.health === "unhealthy" || state.health === "starting") {
    const output = state.healthOutput.trim();
    return `its health check did not succeed ${waited}${
      output === "" ? "" : `: ${JSON.stringify(output.slice(-200))}`
    }`;
  }
  if (evidence.probed?.status !== undefined) {
    const { path, status } = evidence.probed;
    return `its health check ${path} did not answer 2xx or 3xx ${waited}, but ${status}`;
  }
  const reachable = evidence.listeners.filter((listener) => !isLoopback(listener.address));
  if (reachable.some((listener) => listener.port === port)) {
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
    return `A service that needs longer to start takes "# mypaas.start-timeout = ${
      evidence.startTimeoutSeconds * 2
    }s".`;
  }
  return "The lines above are the end of its log. Mend it and deploy again.";
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
