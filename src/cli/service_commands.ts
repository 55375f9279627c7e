import { Argument, Command, type CommandUnknownOpts, InvalidArgumentError } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

/** A command about one service of a server. */
export interface ServiceCommandRequest {
  readonly service: string;
  readonly server: string | undefined;
}

export interface RollbackCommandRequest extends ServiceCommandRequest {
  readonly release: number | undefined;
}

export interface ScaleCommandRequest extends ServiceCommandRequest {
  readonly scale: number;
}

export interface HistoryCommandRequest extends ServiceCommandRequest {
  readonly limit: number | undefined;
}

export interface DeployIdRequest {
  /** A service, or one of its deploys: `blog` or `blog.7`. */
  readonly deploy: string;
  readonly server: string | undefined;
}

/** Defines `mypaas history`; `run` does the work. */
export function historyCommand(run: Run<HistoryCommandRequest>): CommandUnknownOpts {
  return onServer("history", "Show the releases of a service: who, when, what, how long, and how it ended.")
    .argument("<service>", "name of a service")
    .option("--limit <number>", "so many releases, the newest first (20)", wholeNumber)
    .action((service, { server, limit }) => run({ service, server, limit }));
}

/** Defines `mypaas rollback`; `run` does the work. */
export function rollbackCommand(run: Run<RollbackCommandRequest>): CommandUnknownOpts {
  return onServer("rollback", "Bring an earlier release back: its image, options and environment, as a new release.")
    .argument("<service>", "name of a service")
    .argument("[release]", "number of the release (the last other one that was live)", wholeNumber)
    .action((service, release, { server }) => run({ service, release, server }));
}

/** Defines `mypaas restart`; `run` does the work. */
export function restartCommand(run: Run<ServiceCommandRequest>): CommandUnknownOpts {
  return onServer("restart", "Replace the containers of a service by new ones, the way a deploy does.")
    .argument("<service>", "name of a service")
    .action((service, { server }) => run({ service, server }));
}

/** Defines `mypaas stop`; `run` does the work. */
export function stopCommand(run: Run<ServiceCommandRequest>): CommandUnknownOpts {
  return onServer("stop", "Stop a service until it is started or deployed again; visitors get 503.")
    .argument("<service>", "name of a service")
    .action((service, { server }) => run({ service, server }));
}

/** Defines `mypaas start`; `run` does the work. */
export function startCommand(run: Run<ServiceCommandRequest>): CommandUnknownOpts {
  return onServer("start", "Start a service that was stopped.")
    .argument("<service>", "name of a service")
    .action((service, { server }) => run({ service, server }));
}

/** Defines `mypaas scale`; `run` does the work. */
export function scaleCommand(run: Run<ScaleCommandRequest>): CommandUnknownOpts {
  return onServer("scale", "Change the number of containers of a service, until the next push says otherwise.")
    .argument("<service>", "name of a service")
    .addArgument(new Argument("<number>", "0: one, which stops before the next one starts").argParser(wholeNumber))
    .action((service, scale, { server }) => run({ service, scale, server }));
}

/** Defines `mypaas remove`; `run` does the work. */
export function removeCommand(run: Run<ServiceCommandRequest>): CommandUnknownOpts {
  return onServer("remove", "Take a service away: containers, images, history, variables. Its volumes stay.")
    .argument("<service>", "name of a service")
    .action((service, { server }) => run({ service, server }));
}

/** Defines `mypaas attach`; `run` does the work. */
export function attachCommand(run: Run<DeployIdRequest>): CommandUnknownOpts {
  return onServer("attach", "Follow a deploy that goes on, or see how one of the last ended.")
    .argument("<deploy>", "such as blog.7; blog for the last one of the service")
    .action((deploy, { server }) => run({ deploy, server }));
}

/** Defines `mypaas cancel`; `run` does the work. */
export function cancelCommand(run: Run<DeployIdRequest>): CommandUnknownOpts {
  return onServer("cancel", "Cancel a deploy that is not live yet; the old release goes on.")
    .argument("<deploy>", "such as blog.7; blog for all of the service")
    .action((deploy, { server }) => run({ deploy, server }));
}

function onServer(name: string, description: string) {
  return new Command(name).description(description).option("--server <name>", "act on this server, from anywhere");
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`It takes a whole number`);
}
