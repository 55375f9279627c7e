import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { backupCommand } from "./backup.ts";
import { completeCommand, completionCommand } from "./completion.ts";
import type { CliContext } from "./context.ts";
import { daemonCommand } from "./daemon.ts";
import { deployCommand } from "./deploy.ts";
import { doctorCommand } from "./doctor.ts";
import { envCommand } from "./env.ts";
import { execCommand, runCommand } from "./exec.ts";
import { filesCommand } from "./files.ts";
import { initCommand } from "./init.ts";
import { inviteCommand } from "./invite.ts";
import { keysCommand } from "./keys.ts";
import { loginCommand } from "./login.ts";
import { logsCommand } from "./logs.ts";
import { absolutePath } from "./paths.ts";
import { planCommand } from "./plan.ts";
import { psCommand } from "./ps.ts";
import { pushCommand } from "./push.ts";
import { receiverCommand } from "./receiver.ts";
import { registryCommand } from "./registry.ts";
import { relayCommand } from "./relay.ts";
import {
  attachCommand,
  cancelCommand,
  historyCommand,
  removeCommand,
  restartCommand,
  rollbackCommand,
  scaleCommand,
  startCommand,
  stopCommand,
} from "./service_commands.ts";
import { restoreCommand } from "./restore.ts";
import { statsCommand } from "./stats.ts";
import { uninstallCommand } from "./uninstall.ts";
import { checkStateCommand, upgradeCommand } from "./upgrade.ts";
import { versionCommand } from "./version.ts";

/** What is known before the command line is read. */
export type Surroundings = Omit<CliContext, "root" | "json">;

/**
 * Builds the command line: every command with its flags. An implementation is imported when its command runs, so that
 * `--help` costs no more than reading flags.
 *
 * @param only the name of a command: the others are left out, which saves a tenth of a short one's time. Anything else, such
 *   as a flag or a word that is no command, makes all
 */
export function buildProgram(surroundings: Surroundings, only?: string): CommandUnknownOpts {
  const { version, env } = surroundings;
  const program = new Command("mypaas")
    .description("Put a folder with a Dockerfile online, on your own server.")
    .version(version, "-V, --version")
    .option(
      "--root <folder>",
      "keep all paths of the server under this folder (MYPAAS_ROOT)",
      env("MYPAAS_ROOT") ?? "/",
    )
    .option("--json", "print JSON, one object per line", false)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const context = (): CliContext => ({
    ...surroundings,
    json: program.opts().json,
    root: absolutePath(program.opts().root, surroundings.cwd),
  });
  const commands: Readonly<Record<string, () => CommandUnknownOpts>> = {
    init: () => initCommand(async (request) => (await import("./run_init.ts")).runInit(request, context())),
    deploy: () => deployCommand(async (request) => (await import("./run_deploy.ts")).runDeploy(request, context())),
    push: () => pushCommand(async (request) => (await import("./run_deploy.ts")).runPush(request, context())),
    plan: () => planCommand(async (request) => (await import("./run_deploy.ts")).runPlan(request, context())),
    files: () => filesCommand(async (request) => (await import("./run_files.ts")).runFiles(request, context())),
    login: () => loginCommand(async (request) => (await import("./run_login.ts")).runLogin(request, context())),
    ps: () => psCommand(async (request) => (await import("./run_ps.ts")).runPs(request, context())),
    stats: () => statsCommand(async (request) => (await import("./run_stats.ts")).runStats(request, context())),
    logs: () => logsCommand(async (request) => (await import("./run_logs.ts")).runLogs(request, context())),
    history: () =>
      historyCommand(async (request) => (await import("./run_service_commands.ts")).runHistory(request, context())),
    rollback: () =>
      rollbackCommand(async (request) => (await import("./run_service_commands.ts")).runRollback(request, context())),
    restart: () =>
      restartCommand(async (request) => (await import("./run_service_commands.ts")).runRestart(request, context())),
    stop: () => stopCommand(async (request) => (await import("./run_service_commands.ts")).runStop(request, context())),
    start: () =>
      startCommand(async (request) => (await import("./run_service_commands.ts")).runStart(request, context())),
    scale: () =>
      scaleCommand(async (request) => (await import("./run_service_commands.ts")).runScale(request, context())),
    remove: () =>
      removeCommand(async (request) => (await import("./run_service_commands.ts")).runRemove(request, context())),
    attach: () =>
      attachCommand(async (request) => (await import("./run_service_commands.ts")).runAttach(request, context())),
    cancel: () =>
      cancelCommand(async (request) => (await import("./run_service_commands.ts")).runCancel(request, context())),
    exec: () => execCommand(async (request) => (await import("./run_exec.ts")).runExec(request, context())),
    run: () => runCommand(async (request) => (await import("./run_exec.ts")).runRun(request, context())),
    doctor: () => doctorCommand(async (request) => (await import("./run_doctor.ts")).runDoctor(request, context())),
    invite: () => inviteCommand(async (request) => (await import("./run_keys.ts")).runInvite(request, context())),
    keys: () => keysCommand(async (request) => (await import("./run_keys.ts")).runKeys(request, context())),
    registry: () =>
      registryCommand(async (request) => (await import("./run_registry.ts")).runRegistry(request, context())),
    env: () => envCommand(async (request) => (await import("./run_env.ts")).runEnv(request, context())),
    backup: () => backupCommand(async (request) => (await import("./run_backup.ts")).runBackup(request, context())),
    restore: () => restoreCommand(async (request) => (await import("./run_restore.ts")).runRestore(request, context())),
    upgrade: () => upgradeCommand(async (request) => (await import("./run_upgrade.ts")).runUpgrade(request, context())),
    version: () => versionCommand(async (request) => (await import("./run_version.ts")).runVersion(request, context())),
    uninstall: () =>
      uninstallCommand(async (request) => (await import("./run_uninstall.ts")).runUninstall(request, context())),
    completion: () =>
      completionCommand(async (request) => (await import("./run_completion.ts")).runCompletion(request, context())),
    daemon: () => daemonCommand(async () => (await import("./run_daemon.ts")).runDaemon(context())),
    receiver: () =>
      receiverCommand(async (request) => (await import("./run_receiver.ts")).runReceiver(request, context())),
  };
  // Nobody types these.
  const hidden: typeof commands = {
    __complete: () =>
      completeCommand(async (request) =>
        (await import("./run_completion.ts")).runComplete(request, buildProgram(surroundings), context())
      ),
    "check-state": () => checkStateCommand(async () => (await import("./run_check_state.ts")).runCheckState(context())),
    relay: () => relayCommand(async (request) => (await import("./run_relay.ts")).runRelay(request, context())),
  };
  const all = { ...commands, ...hidden };
  const chosen = only !== undefined && Object.hasOwn(all, only) ? { [only]: all[only] } : all;
  for (const [name, make] of Object.entries(chosen)) {
    if (make !== undefined) program.addCommand(inherit(make(), program), { hidden: Object.hasOwn(hidden, name) });
  }
  return program;
}

/** commander does not hand `exitOverride` on to commands that are added; their own subcommands included. */
function inherit(command: CommandUnknownOpts, parent: CommandUnknownOpts): CommandUnknownOpts {
  command.copyInheritedSettings(parent);
  for (const sub of command.commands) inherit(sub, parent);
  return command;
}
