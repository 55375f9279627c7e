import type { ServerLayout } from "../../src/setup/layout.ts";
import { daemonCommand } from "../../src/setup/parts.ts";
import { daemonUnit } from "../../src/setup/unit.ts";
import { inspect, killContainer, startContainer, stopContainer } from "./engine.ts";

/**
 * Set where the tests run in a VM with systemd (tests/vm/unit_e2e_test.ts): the daemon of every test server is then a unit
 * with the text that `init` writes, so under the fence that users have.
 */
export const UNDER_UNIT = Deno.env.get("MYPAAS_TEST_UNIT") === "1";

/** A daemon as far as tests end it, and look at it. */
export interface HarnessDaemon {
  pid(): Promise<number>;
  /** Fulfilled when its process is gone. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** The daemon that init's supervisor keeps in a container. */
export async function startInContainer(name: string): Promise<HarnessDaemon> {
  await startContainer(name);
  return {
    pid: async () => (await inspect(name)).State.Pid,
    end: async (signal) => await (signal === "SIGKILL" ? killContainer(name) : stopContainer(name)),
  };
}

/** Runs the daemon as a child of the harness; what it prints is appended to a log. @param enter words before its command, to run it on another machine */
export function startProcess(layout: ServerLayout, log: string, enter: readonly string[]): HarnessDaemon {
  const daemon = new Deno.Command("bash", {
    args: ["-c", 'exec "$@" >>"$0" 2>&1', log, ...enter, ...daemonCommand(layout)],
    stdin: "null",
  }).spawn();
  return {
    pid: () => Promise.resolve(daemon.pid),
    async end(signal) {
      try {
        daemon.kill(signal);
      } catch {
        // it has ended by itself
      }
      await daemon.status;
    },
  };
}

/** A unit of the machine's systemd. `restarts`: as after `init`, and not only when the harness starts it. */
export class UnitDaemon implements HarnessDaemon {
  readonly #name: string;

  private constructor(name: string) {
    this.#name = name;
  }

  static async start(
    { layout, log, restarts }: {
      readonly layout: ServerLayout;
      readonly log: string;
      readonly restarts: boolean;
    },
  ): Promise<UnitDaemon> {
    const daemon = new UnitDaemon(`${layout.root.split("/").slice(-2).join("-")}.service`);
    const unit = `/run/systemd/system/${daemon.#name}`;
    await Deno.writeTextFile(
      unit,
      daemonUnit({ layout, settings: { volumes: layout.defaultVolumes }, content: "test" }),
    );
    // What differs: its own /run/mypaas is elsewhere, tests read its log as a file, and some want it to stay dead.
    const own = [`ReadWritePaths=${layout.run}`, `StandardOutput=append:${log}`, `StandardError=append:${log}`];
    await Deno.mkdir(`${unit}.d`, { recursive: true });
    await Deno.writeTextFile(
      `${unit}.d/test.conf`,
      ["[Service]", ...own, ...restarts ? [] : ["Restart=no"], ""].join("\n"),
    );
    await systemctl("daemon-reload");
    await systemctl("restart", daemon.#name);
    return daemon;
  }

  async pid(): Promise<number> {
    return Number(await systemctl("show", "-P", "MainPID", this.#name));
  }

  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    if (signal === "SIGKILL") await systemctl("kill", "--signal=KILL", this.#name).catch(() => "");
    await systemctl("stop", this.#name);
    await systemctl("reset-failed", this.#name).catch(() => "");
  }
}

async function systemctl(...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("systemctl", { args: [...args], stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`systemctl ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout).trim();
}
