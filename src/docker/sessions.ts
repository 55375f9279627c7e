import type { Session } from "../client/session.ts";
import { MyPaasError } from "../error.ts";
import { waitUntil } from "../wait.ts";
import type { DockerClient } from "./client.ts";
import * as containers from "./container_requests.ts";
import { EngineError, unlessStatus } from "./engine_error.ts";
import { frames } from "./frames.ts";
import { hijack, type HijackedStream } from "./hijack.ts";
import { signalGroup } from "./process_signal.ts";
import * as requests from "./session_requests.ts";

/** Docker knows of the begin and the end of a command a little later than its stream does. */
const STATE_TIMEOUT_MS = 10_000;
const LOOK_INTERVAL_MS = 20;

/**
 * Starts a command in a running container.
 *
 * @throws {EngineError} when there is no such container, or it does not run
 */
export async function openExec(
  client: DockerClient,
  container: containers.ContainerRef,
  options: requests.ExecOptions,
): Promise<Session & Disposable> {
  const { command: [name = ""], tty, size } = options;
  const id = await client.run(requests.createExec(container, options));
  const stream = await hijack(client, requests.startExec(id, { name: container.name, tty, size }));
  const look = () => client.run(requests.inspectExec(id, container.name));
  return {
    ...joined(stream, tty),
    name,
    resize: (window) => succeeds(client.run(requests.resize("exec", { id, name }, window))),
    async signal(signal) {
      const begun = async () => {
        const { Running, Pid, ExitCode } = await look();
        return typeof ExitCode === "number" ? { pid: 0 } : Running && Pid > 0 && { pid: Pid };
      };
      const what = `the command in "${container.name}" has begun`;
      const { pid } = await waitUntil(begun, { what, timeoutMs: STATE_TIMEOUT_MS, intervalMs: LOOK_INTERVAL_MS });
      if (pid === 0) return true;
      const { State } = await client.run(containers.inspectContainer(container.id));
      return signalGroup(pid, { beside: State.Pid, signal });
    },
    async exitCode() {
      const over = async () => {
        const { Running, ExitCode } = await look();
        return !Running && typeof ExitCode === "number" && { code: ExitCode };
      };
      const what = `the command in "${container.name}" has ended`;
      const wait = waitUntil(over, { what, timeoutMs: STATE_TIMEOUT_MS, intervalMs: LOOK_INTERVAL_MS });
      const end = await unlessStatus([404], wait);
      if (end !== undefined) return end.code;
      throw new MyPaasError(`Cannot tell how the command in "${container.name}" ended: the container is gone`, {
        hint: "A deploy, a restart or a stop takes containers away; mypaas run makes one that is left alone.",
      });
    },
  };
}

/**
 * Starts a one-off container, which is removed when it ends; and when it cannot be started.
 *
 * @throws {EngineError} when Docker cannot start it, such as for a missing executable
 */
export async function openRun(
  client: DockerClient,
  container: containers.ContainerRef,
  { stdin, tty }: { readonly stdin: boolean; readonly tty: boolean },
): Promise<Session & Disposable> {
  const closed = new AbortController();
  try {
    const stream = await hijack(client, requests.attachContainer(container, { stdin }));
    closed.signal.addEventListener("abort", stream.close.bind(stream));
    const removed = client.stream(requests.waitRemoved(container), closed.signal);
    await removed.next();
    await client.run(containers.startContainer(container));
    return {
      ...joined(stream, tty),
      name: container.name,
      resize: (window) => succeeds(client.run(requests.resize("containers", container, window))),
      async signal(signal) {
        const direct = signal === "SIGINT" || signal === "SIGKILL";
        // The first process of a container ignores what it has no handler for: who does not come back must not wait for that.
        const request = direct ? containers.signalContainer(container, signal) : containers.stopContainer(container);
        await unlessStatus([304, 404, 409], client.run(request));
        return true;
      },
      async exitCode() {
        const { value } = await removed.next();
        if (typeof value === "number") return value;
        throw new MyPaasError(`Cannot tell how "${container.name}" ended: Docker did not say`);
      },
      [Symbol.dispose]: () => closed.abort(),
    };
  } catch (error) {
    closed.abort();
    await unlessStatus([404, 409], client.run(containers.removeContainer(container))).catch(() => {});
    throw error;
  }
}

/** What both kinds have in common: the stream. */
function joined(stream: HijackedStream, tty: boolean) {
  return {
    output: tty ? plain(stream.bytes) : frames(stream.bytes),
    write: (bytes: Uint8Array) => stream.write(bytes),
    endInput: () => stream.endInput(),
    [Symbol.dispose]: () => stream.close(),
  };
}

async function* plain(chunks: AsyncIterable<Uint8Array>) {
  for await (const bytes of chunks) yield { stream: "stdout" as const, bytes };
}

/** Whether Docker did it; a refusal is false. */
async function succeeds(call: Promise<void>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
