import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Run } from "./context.ts";

export type EnvCommandRequest =
  & { readonly service: string; readonly server: string | undefined }
  & (
    | {
      readonly action: "set";
      readonly key: string | undefined;
      /** File with the value of the key. */
      readonly fromFile: string | undefined;
      /** File with lines `KEY=VALUE`. */
      readonly envFile: string | undefined;
      /** Whether the server gives the value back to nobody. */
      readonly secret: boolean;
      readonly deploy: boolean;
    }
    | { readonly action: "unset"; readonly keys: readonly string[]; readonly deploy: boolean }
    | { readonly action: "get"; readonly key: string }
    | { readonly action: "list" }
  );

const SERVER = ["--server <name>", "act on this server, from anywhere"] as const;
const NO_DEPLOY = ["--no-deploy", "only store it: the next push takes it"] as const;

/** Defines `mypaas env set|get|list|unset`; `run` does the work. */
export function envCommand(run: Run<EnvCommandRequest>): CommandUnknownOpts {
  const set = new Command("set")
    .description(
      "Store a value for a line `# mypaas.env = KEY`, and roll it out. It is asked for, or read from a pipe.",
    )
    .argument("<service>")
    .argument("[key]", "its name; the value is never given here, where others could see it")
    .option("--from-file <file>", "read the value from this file")
    .option("--env-file <file>", "read names and values from lines KEY=VALUE")
    .option("--secret", "the server gives it to the containers and to nobody else: env get refuses", false)
    .option(...NO_DEPLOY)
    .option(...SERVER)
    .action((service, key, { fromFile, envFile, secret, deploy, server }) =>
      run({ action: "set", service, key, fromFile, envFile, secret, deploy, server })
    );
  const get = new Command("get")
    .description("Print a stored value.")
    .argument("<service>")
    .argument("<key>")
    .option(...SERVER)
    .action((service, key, { server }) => run({ action: "get", service, key, server }));
  const list = new Command("list")
    .description("Show which values are stored, by whom and since when; never the values.")
    .argument("<service>")
    .option(...SERVER)
    .action((service, { server }) => run({ action: "list", service, server }));
  const unset = new Command("unset")
    .description("Remove stored values, and roll it out.")
    .argument("<service>")
    .argument("<keys...>")
    .option(...NO_DEPLOY)
    .option(...SERVER)
    .action((service, keys, { deploy, server }) => run({ action: "unset", service, keys, deploy, server }));
  const env = new Command("env").description(
    "Store values that a Dockerfile names and does not hold, such as secrets.",
  );
  for (const command of [set, get, list, unset]) env.addCommand(command);
  return env;
}
