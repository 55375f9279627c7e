import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { type Command, commands } from "../src/auth/roles.ts";
import { buildProgram } from "../src/cli/program.ts";
import { markdownTable, replaceBetween } from "./markdown_table.ts";

const MARKS = [
  "<!-- The table of commands is written by scripts/readme_commands.ts. -->",
  "<!-- End of the table of commands. -->",
] as const;

/** What a command asks of the daemon, where its name is another one. */
const ASKS: Readonly<Record<string, Command>> = {
  push: "deploy",
  version: "hello",
  plan: "deploy",
  attach: "events",
  doctor: "missing",
  "keys list": "keys-list",
  "keys add": "keys-add",
  "keys revoke": "keys-revoke",
  "keys rename": "keys-rename",
  "keys rotate": "keys-rotate",
  "env set": "env-set",
  "env unset": "env-set",
  "env get": "env-get",
  "env list": "env-list",
  "registry login": "registry-set",
  "registry logout": "registry-set",
  "registry list": "registry-list",
};

/** One row of the table of commands. */
export interface CommandRow {
  /** Such as `env set <service> [key]`. */
  readonly usage: string;
  readonly does: string;
  /** The role that a key needs for it; undefined: it works on the machine it is called on. */
  readonly role: string | undefined;
}

/** Every command that a person calls, as `mypaas help` tells them. */
export function commandRows(): readonly CommandRow[] {
  return commandLine().commands.flatMap((command) => rowsOf(command, command.name()));
}

/** The real command line, to be looked at: it prints nothing, and knows nothing of this machine. */
export function commandLine(): CommandUnknownOpts {
  return buildProgram({
    cwd: "/",
    version: "",
    env: () => undefined,
    terminal: {
      isTerminal: { stdin: false, stdout: false, stderr: false },
      color: false,
      width: () => undefined,
      height: () => undefined,
      out: () => {},
      err: () => {},
      draw: () => {},
    },
  });
}

function rowsOf(command: CommandUnknownOpts, name: string): readonly CommandRow[] {
  if (INTERNAL.has(name)) return [];
  if (command.commands.length > 0) return command.commands.flatMap((sub) => rowsOf(sub, `${name} ${sub.name()}`));
  const usage = [name, ...command.registeredArguments.map(argumentText)].join(" ");
  const reachesServers = command.options.some(({ long, hidden }) => long === "--server" && !hidden) ||
    command.registeredArguments[0]?.name() === "server";
  return [{ usage, does: command.description(), role: reachesServers ? commands[asked(name)].who : undefined }];
}

/** What the parts of a server are started with, and what shells ask. */
const INTERNAL = new Set(["daemon", "receiver", "__complete", "check-state"]);

function asked(name: string): Command {
  const own = ASKS[name] ?? name;
  const known = (Object.keys(commands) as readonly Command[]).find((command) => command === own);
  if (known === undefined) throw new Error(`"${name}" takes a server, and src/auth/roles.ts does not know it`);
  return known;
}

function argumentText(argument: CommandUnknownOpts["registeredArguments"][number]): string {
  const name = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? `<${name}>` : `[${name}]`;
}

/** README with its table of commands made anew from the command line itself. */
export function withCommandsTable(readme: string): string {
  const rows = commandRows().map(({ usage, does, role }) => [
    `\`mypaas ${usage.replaceAll("|", "\\|")}\``,
    does.replaceAll("|", "\\|"),
    role === undefined ? "-" : `\`${role}\``,
  ]);
  return replaceBetween(readme, MARKS, markdownTable([["command", "what it does", "role"], ...rows]));
}

if (import.meta.main) {
  const path = new URL("../README.md", import.meta.url);
  await Deno.writeTextFile(path, withCommandsTable(await Deno.readTextFile(path)));
}
