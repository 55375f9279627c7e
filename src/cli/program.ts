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
 */
export function buildProgram(surroundings: Surroundings): CommandUnknownOpts {
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
  const commands = [
    initCommand(async (request) => (await import("./run_init.ts")).runInit(request, context())),
    deployCommand(async (request) => (await import("./run_deploy.ts")).runDeploy(request, context())),
    pushCommand(async (request) => (await import("./run_deploy.ts")).runPush(request, context())),
    planCommand(async (request) => (await import("./run_deploy.ts")).runPlan(request, context())),
    filesCommand(async (request) => (await import("./run_files.ts")).runFiles(request, context())),
    loginCommand(async (request) => (await import("./run_login.ts")).runLogin(request, context())),
    psCommand(async (request) => (await import("./run_ps.ts")).runPs(request, context())),
    statsCommand(async (request) => (await import("./run_stats.ts")).runStats(request, context())),
    logsCommand(async (request) => (await import("./run_logs.ts")).runLogs(request, context())),
    historyCommand(async (request) => (await import("./run_service_commands.ts")).runHistory(request, context())),
    rollbackCommand(async (request) => (await import("./run_service_commands.ts")).runRollback(request, context())),
    restartCommand(async (request) => (await import("./run_service_commands.ts")).runRestart(request, context())),
    stopCommand(async (request) => (await import("./run_service_commands.ts")).runStop(request, context())),
    startCommand(async (request) => (await import("./run_service_commands.ts")).runStart(request, context())),
    scaleCommand(async (request) => (await import("./run_service_commands.ts")).runScale(request, context())),
    removeCommand(async (request) => (await import("./run_service_commands.ts")).runRemove(request, context())),
    attachCommand(async (request) => (await import("./run_service_commands.ts")).runAttach(request, context())),
    cancelCommand(async (request) => (await import("./run_service_commands.ts")).runCancel(request, context())),
    execCommand(async (request) => (await import("./run_exec.ts")).runExec(request, context())),
    runCommand(async (request) => (await import("./run_exec.ts")).runRun(request, context())),
    doctorCommand(async (request) => (await import("./run_doctor.ts")).runDoctor(request, context())),
    inviteCommand(async (request) => (await import("./run_keys.ts")).runInvite(request, context())),
    keysCommand(async (request) => (await import("./run_keys.ts")).runKeys(request, context())),
    registryCommand(async (request) => (await import("./run_registry.ts")).runRegistry(request, context())),
    envCommand(async (request) => (await import("./run_env.ts")).runEnv(request, context())),
    backupCommand(async (request) => (await import("./run_backup.ts")).runBackup(request, context())),
    restoreCommand(async (request) => (await import("./run_restore.ts")).runRestore(request, context())),
    upgradeCommand(async (request) => (await import("./run_upgrade.ts")).runUpgrade(request, context())),
    versionCommand(async (request) => (await import("./run_version.ts")).runVersion(request, context())),
    uninstallCommand(async (request) => (await import("./run_uninstall.ts")).runUninstall(request, context())),
    completionCommand(async (request) => (await import("./run_completion.ts")).runCompletion(request, context())),
    daemonCommand(async () => (await import("./run_daemon.ts")).runDaemon(context())),
    receiverCommand(async (request) => (await import("./run_receiver.ts")).runReceiver(request, context())),
  ];
  for (const command of commands) program.addCommand(inherit(command, program));
  const complete = completeCommand(async (request) =>
    (await import("./run_completion.ts")).runComplete(request, program, context())
  );
  program.addCommand(inherit(complete, program), { hidden: true });
  const checkState = checkStateCommand(async () => (await import("./run_check_state.ts")).runCheckState(context()));
  program.addCommand(inherit(checkState, program), { hidden: true });
  const relay = relayCommand(async (request) => (await import("./run_relay.ts")).runRelay(request, context()));
  program.addCommand(inherit(relay, program), { hidden: true });
  return program;
}

/** commander does not hand `exitOverride` on to commands that are added; their own subcommands included. */
function inherit(command: CommandUnknownOpts, parent: CommandUnknownOpts): CommandUnknownOpts {
  command.copyInheritedSettings(parent);
  for (const sub of command.commands) inherit(sub, parent);
  return command;
}
