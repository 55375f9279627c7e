import { Command, type CommandUnknownOpts, InvalidArgumentError } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

/** What `exec` and `run` have in common. */
export interface SessionCommandRequest {
  readonly service: string;
  readonly command: readonly string[];
  /** Whether standard input is handed on. */
  readonly stdin: boolean;
  readonly tty: boolean;
  /** `NAME=value`, or `NAME` for the value that it has here. */
  readonly env: readonly string[];
  readonly server: string | undefined;
}

export interface ExecCommandRequest extends SessionCommandRequest {
  readonly user: string | undefined;
  readonly folder: string | undefined;
  readonly replica: number | undefined;
}

export interface RunCommandRequest extends SessionCommandRequest {
  readonly release: number | undefined;
}

/** Defines `mypaas exec`; `run` does the work. */
export function execCommand(run: Run<ExecCommandRequest>): CommandUnknownOpts {
  return session("exec", "Run a command in a running container of a service, on its server or over ssh.")
    .argument("<command...>", "behind --, such as -- sh -c 'ls /data'")
    .option("-u, --user <user>", "as this user of the container, USER or USER:GROUP")
    .option("-w, --workdir <folder>", "in this folder of the container")
    .option("--replica <number>", "in this one of several containers (any)", wholeNumber)
    .usage("[options] <service> -- <command...>")
    .action((service, command, { interactive, tty, env = [], server, user, workdir, replica }) =>
      run({ service, command, stdin: interactive, tty, env, server, user, folder: workdir, replica })
    )
    .addHelpText(
      "after",
      `${ENDS}
Without -t, Ctrl-C and SIGTERM are sent to the command and its process group; a second one kills it.`,
    );
}

/** Defines `mypaas run`; `run` does the work. */
export function runCommand(run: Run<RunCommandRequest>): CommandUnknownOpts {
  return session("run", "Run a command in a container of its own: image, environment, volumes of a release.")
    .argument("[command...]", "behind --; takes the place of the image's CMD, behind its ENTRYPOINT")
    .option("--release <number>", "of this release (the live one)", wholeNumber)
    .usage("[options] <service> [-- <command...>]")
    .action((service, command, { interactive, tty, env = [], server, release }) =>
      run({ service, command, stdin: interactive, tty, env, server, release })
    )
    .addHelpText(
      "after",
      `${ENDS}
It reaches the other services by name; it gets no visitors and no ports, is in no list, and is removed when it ends.
Ctrl-C is sent to the command; a second one kills it. SIGTERM stops it: SIGTERM, then SIGKILL after the service's stop-grace.`,
    );
}

const ENDS = `
The exit code is the command's own (128 + N when signal N ended it). What MyPaas itself cannot do ends as in every
command: 1 failed, 2 usage, 3 auth. --json is for such failures only: what the command prints is left as it is.`;

function session(name: string, description: string) {
  return new Command(name)
    .description(description)
    .argument("<service>", "name of a service")
    .option("-i, --interactive", "hand standard input on", false)
    .option("-t, --tty", "with a terminal", false)
    .option("-e, --env <variable>", "NAME=VALUE, or NAME for its value here; can be given again", collected)
    .option("--server <name>", "on a server that ssh reaches: ssh://[user@]host[:port], or its name");
}

function collected(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It takes a whole number from 1 on.");
}
