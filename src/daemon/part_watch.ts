import type { Breaks } from "../deploy/runtime.ts";
import { messageOf } from "../error.ts";
import { TimeoutError, within } from "../wait.ts";

/** Docker tells that somebody had a container stopped within this time after its end. */
const STOP_TOLD_MS = 500;

/** The end of one of the server's containers. `stop` follows on `die` when somebody asked Docker to stop it. */
export interface PartEnd {
  readonly name: string;
  readonly kind: "die" | "stop";
}

/** What the watch needs of the container engine. */
export interface PartMachine {
  part(name: string): Promise<{ readonly running: boolean } | undefined>;
  startPart(name: string): Promise<void>;
  /** Never ends by itself; ends when aborted. */
  ends(signal: AbortSignal, breaks: Breaks): AsyncIterable<PartEnd>;
}

export interface PartWatchOptions {
  readonly machine: PartMachine;
  /** The containers that are to run, in the order in which they are started. */
  readonly names: readonly string[];
  /** Tells whoever runs the daemon. */
  readonly log: (line: string) => void;
}

/**
 * Keeps Traefik and the receiver running. Docker starts again what crashed, but not what somebody killed. One that was
 * stopped with `docker stop` is left alone until Docker or the daemon starts anew: whoever did so meant it.
 */
export class PartWatch {
  readonly #options: PartWatchOptions;
  /** Those that have just ended, with what is done when they turn out to be stopped. */
  readonly #ended = new Map<string, () => void>();

  constructor(options: PartWatchOptions) {
    this.#options = options;
  }

  /** Watches until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { machine, names, log } = this.#options;
    const tell = (error: unknown) => {
      if (!signal.aborted) log(`watch: ${messageOf(error)}`);
    };
    const onGap = () => void this.startAll().catch(tell);
    try {
      for await (const { name, kind } of machine.ends(signal, { onGap })) {
        if (!names.includes(name)) continue;
        if (kind === "stop") this.#ended.get(name)?.();
        else this.#died(name, signal).catch(tell);
      }
    } catch (error) {
      tell(error);
    }
  }

  /** Starts those that do not run. */
  async startAll(): Promise<void> {
    const { machine, names, log } = this.#options;
    for (const name of names) {
      if (await machine.part(name) === undefined) log(`the container ${name} is missing: mypaas init makes it again`);
      else await this.#start(name);
    }
  }

  async #died(name: string, signal: AbortSignal): Promise<void> {
    const stopped = Promise.withResolvers<void>();
    this.#ended.set(name, stopped.resolve);
    try {
      await within(stopped.promise, { what: `"${name}" was stopped`, timeoutMs: STOP_TOLD_MS, signal });
      this.#options.log(`the container ${name} was stopped: it stays so until Docker, or this daemon, starts anew`);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      await this.#start(name);
    } finally {
      if (this.#ended.get(name) === stopped.resolve) this.#ended.delete(name);
    }
  }

  /** One that is not there is being replaced. */
  async #start(name: string): Promise<void> {
    const { machine, log } = this.#options;
    if ((await machine.part(name))?.running !== false) return;
    await machine.startPart(name);
    log(`the container ${name} did not run: it is started again`);
  }
}
