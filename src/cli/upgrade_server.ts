import { messageOf, MyPaasError, NotReadyError } from "../error.ts";
import type { ServerLayout } from "../setup/layout.ts";
import { waitUntil } from "../wait.ts";
import { errorOfText } from "../wire/error_body.ts";
import { lastLines, type UpgradeDoors, type UpgradeTarget } from "./upgrade_program.ts";

/** How long the daemon and the receiver of a new version may take to answer. */
const START_TIMEOUT_MS = 30_000;

/** What upgrading a server needs beside replacing a program. */
export interface ServerDoors extends Pick<UpgradeDoors, "run" | "replace" | "remove"> {
  readonly exists: (path: string) => Promise<boolean>;
  readonly read: (path: string) => Promise<string | undefined>;
  /** Writes `server.yml`. */
  readonly writeSettings: (text: string) => Promise<void>;
  /** Throws a sentence when Docker does not answer. */
  readonly checkDocker: () => Promise<void>;
  /** Runs a program's `init`, showing what it says. */
  readonly init: (program: string) => Promise<{ readonly code: number; readonly stderr: string }>;
  /** Whether `init` keeps the daemon running; else its owner does. */
  readonly isSupervised: boolean;
  /** The versions that answer now; undefined: nobody does. */
  readonly daemonVersion: () => Promise<string | undefined>;
  readonly receiverVersion: () => Promise<string | undefined>;
  /** Fulfilled when no deploy goes on; no new one begins until it is disposed. */
  readonly pause: () => Promise<AsyncDisposable>;
  readonly stopDaemon: () => Promise<void>;
  /** Puts the copy of the state back that was kept before its schema changed. The daemon must not run. */
  readonly restoreState: () => Promise<void>;
  /** The copy is needed no more. */
  readonly forgetState: () => Promise<void>;
}

/** The server as what is upgraded: the new program takes over when its daemon and its receiver answer. */
export function serverTarget(
  layout: ServerLayout,
  say: (line: string) => void,
  doors: ServerDoors,
): UpgradeTarget {
  const { binary } = layout;
  const old = `${binary}.old`;
  const settingsArgs = layout.root === "/" ? [] : ["--root", layout.root];
  const accepts = (program: string) => doors.run(program, [...settingsArgs, "--json", "check-state"]);

  async function serves(version: string): Promise<boolean> {
    if (await doors.receiverVersion() !== version) return false;
    return !doors.isSupervised || await doors.daemonVersion() === version;
  }

  /** Has a program take the server over: containers, unit and what they run. */
  async function converge(version: string): Promise<void> {
    const { code, stderr } = await doors.init(binary);
    if (code !== 0) {
      const error = failureIn(stderr);
      throw new NotReadyError(error?.message ?? `mypaas init ended with code ${code}`, {
        details: error?.details ?? lastLines(stderr),
        hint: error?.hint,
      });
    }
    await waitUntil(() => serves(version), {
      what: `the daemon and the receiver answer with version ${version}`,
      timeoutMs: START_TIMEOUT_MS,
      intervalMs: 100,
    });
  }

  /** Each step can be cut off: what boots then is the new program with a state it knows, or the old one with its own. */
  async function putBack(settings: string | undefined, version: string): Promise<void> {
    say(`${version} is put back`);
    await doors.stopDaemon();
    if (settings !== undefined) await doors.writeSettings(settings);
    if ((await accepts(old)).code !== 0) await doors.restoreState();
    await doors.replace(old, binary);
    await converge(version);
  }

  return {
    binary,
    isDone: async (version) => {
      const done = await serves(version);
      if (done) await doors.remove(old);
      return done;
    },
    check: async (program, version) => {
      const { code, stderr } = await accepts(program);
      if (code === 0) return;
      const error = failureIn(stderr);
      throw new MyPaasError(`Cannot change to ${version}: ${error?.message ?? "it does not run"}`, {
        details: error?.details ?? lastLines(stderr),
        hint: "Nothing was changed. Going back behind a change of the state needs a backup from before it.",
      });
    },
    takeOver: async (next, { to }) => {
      await doors.checkDocker();
      const settings = await doors.read(layout.settings);
      await using _pause = await doors.pause();
      if (next !== undefined) await doors.replace(next, binary, old);
      try {
        await converge(to);
      } catch (error) {
        const before = await doors.exists(old) ? await oldVersion(old, doors) : undefined;
        if (before === undefined) throw error;
        await putBack(settings, before).catch((second) => {
          throw new MyPaasError(`Cannot put ${before} back: ${messageOf(second)}`, {
            cause: second,
            details: [`Why ${to} was not taken: ${messageOf(error)}`],
            hint: `The services run on. Mend it, then run: mypaas init`,
          });
        });
        throw new NotReadyError(`Cannot upgrade to ${to}: ${messageOf(error)}`, {
          cause: error,
          details: error instanceof MyPaasError ? error.details : [],
          hint: `${before} serves again, and no service was touched.`,
        });
      }
      await doors.remove(old);
      await doors.forgetState();
      if (!doors.isSupervised) say(`start the daemon again, so that it is of ${to} as well`);
    },
  };
}

async function oldVersion(old: string, { run }: Pick<ServerDoors, "run">): Promise<string | undefined> {
  const { code, stdout } = await run(old, ["--version"]);
  return code === 0 ? stdout.trim() : undefined;
}

/** The failure that a command with `--json` told on standard error. */
function failureIn(stderr: string): MyPaasError | undefined {
  return stderr.split("\n").map(errorOfText).find((error) => error !== undefined);
}
