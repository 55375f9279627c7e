import type { Log } from "../service/log.ts";
import { SOCKET_BASE } from "../wire/socket_base.ts";
import { ticks } from "../wait.ts";
import { Datagrams } from "./datagrams.ts";
import { JOURNAL_SOCKET, journalEntry, logsToJournal } from "./journal.ts";

/** So many pings fit into the time that the watchdog allows: one that is late ends nothing. */
const PINGS = 3;
/** Informational: syslog(3). */
const PRIORITY = "6";

export interface SupervisionOptions {
  /** A variable of the environment. */
  readonly env: (name: string) => string | undefined;
  /** Socket file of the sender, while it runs. */
  readonly path: string;
  /** Writes a line where nothing better is there. */
  readonly print: (line: string) => void;
  /** Where journald listens; for tests. */
  readonly journal?: string;
}

/**
 * What the daemon tells whoever runs it. Under systemd: that it is ready, what it does, that it lives (sd_notify(3)), and
 * its log with the service and the release as fields. Under anything else: its log, on standard error.
 */
export class Supervision implements AsyncDisposable {
  readonly #notifySocket: string | undefined;
  readonly #journal: string | undefined;
  readonly #print: (line: string) => void;
  readonly #datagrams: Datagrams | undefined;
  /** The watchdog ends a daemon that was silent for so long, in milliseconds; undefined: there is none. */
  readonly watchdogMs: number | undefined;

  private constructor(
    { env, print }: SupervisionOptions,
    found: { readonly notify: string | undefined; readonly journal: string | undefined; readonly sender?: Datagrams },
  ) {
    this.#notifySocket = found.notify;
    this.#journal = found.journal;
    this.#print = print;
    this.#datagrams = found.sender;
    const micros = Number(env("WATCHDOG_USEC"));
    this.watchdogMs = found.notify !== undefined && micros > 0 ? micros / 1000 : undefined;
  }

  static async begin(options: SupervisionOptions): Promise<Supervision> {
    const { env, path, journal = JOURNAL_SOCKET } = options;
    // An abstract name (@...) is none that Deno can send to; the one of a system's systemd is a file.
    const notify = env("NOTIFY_SOCKET")?.startsWith("/") ? env("NOTIFY_SOCKET") : undefined;
    const found = { notify, journal: await logsToJournal(env("JOURNAL_STREAM")) ? journal : undefined };
    if (found.notify === undefined && found.journal === undefined) return new Supervision(options, found);
    return new Supervision(options, { ...found, sender: await Datagrams.open(path) });
  }

  /** Adds to the log. An entry that journald does not take goes to standard error, without its fields. */
  readonly log: Log = (line, about) => {
    if (this.#datagrams === undefined || this.#journal === undefined) return this.#print(line);
    const entry = journalEntry({
      MESSAGE: line,
      PRIORITY,
      SYSLOG_IDENTIFIER: "mypaas",
      ...about && { MYPAAS_SERVICE: about.service },
      ...about?.release !== undefined && { MYPAAS_RELEASE: String(about.release) },
    });
    this.#datagrams.send(this.#journal, entry).catch(() => this.#print(line));
  };

  /** The daemon answers; `systemctl start` returns now. */
  ready(): void {
    this.#tell("READY=1");
  }

  /** What it does, for `systemctl status`. */
  status(text: string): void {
    this.#tell(`STATUS=${text}`);
  }

  stopping(): void {
    this.#tell("STOPPING=1");
  }

  /** Keeps the watchdog quiet for as long as `answers`; ends with the signal. */
  async keepAlive(answers: (timeoutMs: number) => Promise<boolean>, signal: AbortSignal): Promise<void> {
    if (this.watchdogMs === undefined) return;
    const everyMs = this.watchdogMs / PINGS;
    for await (const _ of ticks(everyMs, signal)) {
      if (await answers(everyMs)) this.#tell("WATCHDOG=1");
    }
  }

  #tell(state: string): void {
    if (this.#datagrams === undefined || this.#notifySocket === undefined) return;
    this.#datagrams.send(this.#notifySocket, new TextEncoder().encode(state)).catch((error) => {
      this.#print(`systemd was not told ${state}: ${error}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#datagrams?.[Symbol.asyncDispose]();
  }
}

/** Whether somebody answers `hello` on a socket, asked as a command asks: by a connection of its own. */
export async function answersOn(path: string, timeoutMs: number): Promise<boolean> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path }, poolMaxIdlePerHost: 0 });
  try {
    const response = await fetch(`${SOCKET_BASE}/v1/hello`, { client, signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
