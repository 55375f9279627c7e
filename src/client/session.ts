import { MyPaasError } from "../error.ts";
import { waitUntil } from "../wait.ts";

/** A terminal's window, in characters. */
export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** Signals that end a program, as far as it does not say otherwise. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** A command that runs in a container. */
export interface Session {
  /** How sentences name it. */
  readonly name: string;
  /** What it writes, until it ends. With a terminal all is stdout. */
  readonly output: AsyncIterable<{ readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array }>;
  write(bytes: Uint8Array): Promise<void>;
  /** It reads the end of its input; what it writes still comes. */
  endInput(): Promise<void>;
  /** @returns false when it does not run yet, or any more */
  resize(size: WindowSize): Promise<boolean>;
  /** @returns false when the signal cannot reach it */
  signal(signal: EndSignal | "SIGPIPE" | "SIGKILL"): Promise<boolean>;
  /** Fulfilled when it has ended. 128 and the signal's number when a signal ended it. */
  exitCode(): Promise<number>;
}

/** The terminal, or the pipes, of who runs the command. */
export interface SessionTerminal {
  readonly input: AsyncIterable<Uint8Array>;
  /** @returns false when nobody reads it any more */
  write(stream: "stdout" | "stderr", bytes: Uint8Array): Promise<boolean>;
  /** Undefined when there is no window. */
  size(): WindowSize | undefined;
  /** Hands every key over as it is, Ctrl-C included, until disposed. */
  raw(): Disposable;
  onResize(call: () => void): Disposable;
  onSignal(call: (signal: EndSignal) => void): Disposable;
}

/** A terminal is told its size again and again until the command runs. */
const FIRST_SIZE_TIMEOUT_MS = 5000;
const FIRST_SIZE_INTERVAL_MS = 20;

/**
 * Opens a command and joins it to a terminal until it ends. A first signal is passed on, a second one kills it, a third one
 * leaves it; those that come while it is being opened are passed on then, so that nothing is left half made.
 *
 * @returns its exit code
 * @throws {MyPaasError} when a signal cannot reach it, and it goes on without us
 */
export async function followSession(
  open: () => Promise<Session & Disposable>,
  terminal: SessionTerminal,
  { stdin, tty }: { readonly stdin: boolean; readonly tty: boolean },
): Promise<number> {
  const ended = new AbortController();
  const left = Promise.withResolvers<never>();
  left.promise.catch(() => {});
  const signals = new Signals(left.reject);
  using _signals = terminal.onSignal((signal) => signals.add(signal));
  using session = await Promise.race([open(), left.promise]);
  signals.sendTo(session);
  using _raw = tty && stdin ? terminal.raw() : undefined;
  const fit = fitting(session, terminal);
  using _resize = tty ? terminal.onResize(() => void fit()) : undefined;
  try {
    if (tty) void fitAtStart(fit, ended.signal);
    if (stdin) void sendInput(session, terminal);
    await Promise.race([copyOutput(session, terminal), left.promise]);
    return await Promise.race([session.exitCode(), left.promise]);
  } finally {
    ended.abort();
  }
}

/** What is done with the signals that come, one after the other. */
class Signals {
  readonly #leave: (error: Error) => void;
  readonly #seen: EndSignal[] = [];
  #session: Session | undefined;

  constructor(leave: (error: Error) => void) {
    this.#leave = leave;
  }

  add(signal: EndSignal): void {
    this.#seen.push(signal);
    if (this.#session !== undefined) this.#pass(this.#session, this.#seen.length);
    else if (this.#seen.length > 2) this.#goesOn("the command", "it is only just being started");
  }

  sendTo(session: Session): void {
    this.#session = session;
    if (this.#seen.length > 0) this.#pass(session, this.#seen.length);
  }

  #pass(session: Session, count: number): void {
    const [first = "SIGTERM"] = this.#seen;
    const signal = count === 1 ? first : "SIGKILL";
    if (count > 2) return this.#goesOn(session.name, "it was killed and is still there");
    session.signal(signal).then(
      (reached) => reached || this.#goesOn(session.name, `${signal} cannot reach it from here`),
      this.#leave,
    );
  }

  #goesOn(name: string, reason: string): void {
    this.#leave(new MyPaasError(`Cannot end "${name}": ${reason}`, { hint: "It may go on in its container." }));
  }
}

async function copyOutput(session: Session, terminal: SessionTerminal): Promise<void> {
  let read = true;
  for await (const { stream, bytes } of session.output) {
    if (!read) continue;
    read = await terminal.write(stream, bytes);
    // As in a pipe whose reader has gone; what comes until it ends is dropped.
    if (!read) await session.signal("SIGPIPE");
  }
}

/** A command that does not read any more ends by itself: how it ended says more than a broken pipe. */
async function sendInput(session: Session, terminal: SessionTerminal): Promise<void> {
  try {
    try {
      for await (const bytes of terminal.input) await session.write(bytes);
    } finally {
      await session.endInput();
    }
  } catch { /* see above */ }
}

/**
 * Makes a function that tells the command the size of the terminal. One at a time: of two requests at once the earlier, with
 * a size that is over, may arrive last.
 */
function fitting(session: Session, terminal: SessionTerminal): () => Promise<boolean> {
  let last = Promise.resolve(true);
  return () => {
    last = last.then(async () => {
      const size = terminal.size();
      return size === undefined || await session.resize(size);
    });
    return last;
  };
}

/** Without it the command has a window of no size, and goes on. */
async function fitAtStart(fit: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  await waitUntil(fit, {
    what: "the terminal has its size",
    timeoutMs: FIRST_SIZE_TIMEOUT_MS,
    intervalMs: FIRST_SIZE_INTERVAL_MS,
    signal,
  }).catch(() => {});
}
