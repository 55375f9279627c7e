import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export type RegistryCommandRequest =
  & { readonly server: string | undefined }
  & (
    | { readonly action: "login"; readonly host: string; readonly username: string }
    | { readonly action: "logout"; readonly host: string }
    | { readonly action: "list" }
  );

const SERVER = ["--server <name>", "act on this server, from anywhere"] as const;
const HOST = ["<host>", "what stands before the first slash of the image's name; docker.io for Docker Hub"] as const;

/** Defines `mypaas registry login|logout|list`; `run` does the work. */
export function registryCommand(run: Run<RegistryCommandRequest>): CommandUnknownOpts {
  const login = new Command("login")
    .description("Let the server pull private images of a registry. The password is asked for, or read from a pipe.")
    .argument(...HOST)
    .requiredOption("--username <name>", "how the registry knows you")
    .option(...SERVER)
    .action((host, { username, server }) => run({ action: "login", host, username, server }));
  const logout = new Command("logout")
    .description("Make the server forget its password for a registry.")
    .argument(...HOST)
    .option(...SERVER)
    .action((host, { server }) => run({ action: "logout", host, server }));
  const list = new Command("list")
    .description("Show the registries that the server is logged in to; never the passwords.")
    .option(...SERVER)
    .action(({ server }) => run({ action: "list", server }));
  const registry = new Command("registry").description("Log the server in to registries with private images.");
  for (const command of [login, logout, list]) registry.addCommand(command);
  return registry;
}
