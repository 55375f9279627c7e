import { MyPaasError } from "../error.ts";
import type { Units, UnitState } from "../setup/server_files.ts";
import { CONTENT_VARIABLE } from "../setup/unit.ts";

/** Whether PID 1 is systemd: sd_booted(3). */
export async function systemdRuns(): Promise<boolean> {
  try {
    return (await Deno.lstat("/run/systemd/system")).isDirectory;
  } catch {
    return false;
  }
}

/**
 * systemd by `systemctl`.
 *
 * @param program another program than `systemctl`, for tests
 */
export class Systemd implements Units {
  readonly #program: string;

  constructor(program = "systemctl") {
    this.#program = program;
  }

  async state(unit: string): Promise<UnitState> {
    const text = await this.#run(["show", "--property=ActiveState,UnitFileState,MainPID", unit]);
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
    const pid = Number(value("MainPID"));
    return {
      enabled: value("UnitFileState") === "enabled",
      active: ["active", "activating", "reloading"].includes(value("ActiveState")),
      content: pid > 0 ? await environmentVariable(pid, CONTENT_VARIABLE) : undefined,
    };
  }

  /** How often systemd has started a unit again because it had ended by itself. */
  async restarts(unit: string): Promise<number> {
    return Number(/^NRestarts=(\d+)$/m.exec(await this.#run(["show", "--property=NRestarts", unit]))?.[1] ?? 0);
  }

  async reload(): Promise<void> {
    await this.#run(["daemon-reload"]);
  }

  async enable(unit: string): Promise<void> {
    await this.#run(["enable", "--now", unit]);
  }

  async restart(unit: string): Promise<void> {
    await this.#run(["restart", unit]);
  }

  async stop(unit: string): Promise<void> {
    await this.#run(["stop", unit]);
  }

  async disable(unit: string): Promise<void> {
    const { enabled, active } = await this.state(unit);
    if (enabled) await this.#run(["disable", unit]);
    if (active) await this.#run(["stop", unit]);
    // A unit that failed is remembered, even without its file.
    await this.#run(["reset-failed", unit]).catch(() => {});
  }

  async #output(args: readonly string[]): Promise<Deno.CommandOutput> {
    return await new Deno.Command(this.#program, { args: [...args], stdin: "null" }).output();
  }

  async #run(args: readonly string[]): Promise<string> {
    const cannot = `Cannot run ${this.#program} ${args.join(" ")}`;
    const { success, code, stdout, stderr } = await this.#output(args).catch((cause: unknown) => {
      throw new MyPaasError(`${cannot}: it is not on this machine`, {
        cause,
        hint: "Use --supervisor docker, or none",
      });
    });
    if (success) return new TextDecoder().decode(stdout);
    const why = new TextDecoder().decode(stderr).trim();
    throw new MyPaasError(`${cannot}: it ended with code ${code}`, {
      details: why === "" ? [] : why.split("\n"),
      hint: `See: systemctl status ${args.at(-1)}`,
    });
  }
}

/** A variable of a process's environment as it was started: proc(5). */
async function environmentVariable(pid: number, name: string): Promise<string | undefined> {
  try {
    const variables = (await Deno.readTextFile(`/proc/${pid}/environ`)).split("\0");
    return variables.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1);
  } catch {
    return undefined;
  }
}
