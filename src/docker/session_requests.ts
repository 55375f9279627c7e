import * as v from "valibot";
import type { WindowSize } from "../client/session.ts";
import type { ContainerRef } from "./container_requests.ts";
import {
  apiPath,
  decodeAs,
  type DockerHijack,
  type DockerRequest,
  type DockerStream,
  ignoreAnswer,
} from "./request.ts";
import { jsonLines } from "./streams.ts";

/**
 * With a terminal, Docker takes these keys for "leave it alone" and holds back the first of them until the next one comes:
 * ctrl-p, ctrl-q unless told otherwise, which takes ctrl-p from every shell. Nobody types this.
 */
const DETACH_KEYS = Array(8).fill("ctrl-@").join(",");

/** What a command in a running container is started with. */
export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
  /** Name or number, with a group behind a colon; the container's own unless given. */
  readonly user?: string | undefined;
  /** Absolute, in the container. */
  readonly folder?: string | undefined;
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly size?: WindowSize | undefined;
}

/** Writes a command of a container down; gives its id. 404: no such container, 409: it does not run. */
export function createExec({ id, name }: ContainerRef, options: ExecOptions): DockerRequest<string> {
  const { command, stdin, tty, user, folder, env, size } = options;
  return {
    action: `run a command in "${name}"`,
    method: "POST",
    path: apiPath(["containers", id, "exec"]),
    body: {
      Cmd: command,
      AttachStdin: stdin,
      AttachStdout: true,
      AttachStderr: true,
      Tty: tty,
      Env: env,
      DetachKeys: DETACH_KEYS,
      ...(user !== undefined && { User: user }),
      ...(folder !== undefined && { WorkingDir: folder }),
      ...consoleSize(size),
    },
    decode: (answer) => v.parse(v.object({ Id: v.string() }), answer).Id,
  };
}

/** Starts such a command and becomes its stream. */
export function startExec(
  id: string,
  { name, tty, size }: { readonly name: string; readonly tty: boolean; readonly size?: WindowSize | undefined },
): DockerHijack {
  return {
    action: `run a command in "${name}"`,
    path: apiPath(["exec", id, "start"]),
    body: { Detach: false, Tty: tty, ...consoleSize(size) },
  };
}

const ExecSchema = v.object({ Running: v.boolean(), ExitCode: v.nullish(v.number()), Pid: v.optional(v.number(), 0) });

/** How such a command is: its exit code when it has ended, and its process id on the host. 404 when the container went. */
export function inspectExec(id: string, name: string): DockerRequest<v.InferOutput<typeof ExecSchema>> {
  return {
    action: `look at the command in "${name}"`,
    method: "GET",
    path: apiPath(["exec", id, "json"]),
    decode: decodeAs(ExecSchema),
  };
}

/** Becomes the stream of a container's first process, from its start on. 409 when it was started with another kind. */
export function attachContainer({ id, name }: ContainerRef, { stdin }: { readonly stdin: boolean }): DockerHijack {
  const query = { stream: true, stdout: true, stderr: true, stdin, detachKeys: DETACH_KEYS };
  return { action: `attach to "${name}"`, path: apiPath(["containers", id, "attach"], query) };
}

const WaitSchema = v.object({ StatusCode: v.number() });

/** First `undefined`, when the Engine has begun to wait; then the exit code, when the container is removed. */
export function waitRemoved({ id, name }: ContainerRef): DockerStream<number | undefined> {
  return {
    action: `see how "${name}" ends`,
    method: "POST",
    path: apiPath(["containers", id, "wait"], { condition: "removed" }),
    async *decode(answer) {
      yield undefined;
      for await (const line of jsonLines(answer)) yield v.parse(WaitSchema, line).StatusCode;
    },
  };
}

/** Tells the terminal of a command or a container its size. Fails until it runs. */
export function resize(
  kind: "exec" | "containers",
  { id, name }: ContainerRef,
  { rows, columns }: WindowSize,
): DockerRequest<void> {
  return {
    action: `resize the terminal of "${name}"`,
    method: "POST",
    path: apiPath([kind, id, "resize"], { h: rows, w: columns }),
    decode: ignoreAnswer,
  };
}

/** From API 1.42; older Engines are told by `resize` alone. */
function consoleSize(size: WindowSize | undefined): { readonly ConsoleSize?: readonly [number, number] } {
  return size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] };
}
