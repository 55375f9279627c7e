import type { EndSignal, SessionTerminal, WindowSize } from "../client/session.ts";
import { isUnread } from "./terminal.ts";

const CHUNK_BYTES = 32 * 1024;
const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const satisfies readonly EndSignal[];

/** The terminal or pipes of this process, for a command in a container. */
export function sessionTerminal(): SessionTerminal {
  return { input: input(), write, size, raw, onResize, onSignal };
}

async function* input(): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  while (true) {
    const count = await Deno.stdin.read(buffer);
    if (count === null) return;
    yield buffer.slice(0, count);
  }
}

async function write(stream: "stdout" | "stderr", bytes: Uint8Array): Promise<boolean> {
  try {
    for (let written = 0; written < bytes.length;) written += await Deno[stream].write(bytes.subarray(written));
    return true;
  } catch (error) {
    if (isUnread(error)) return false;
    throw error;
  }
}

function size(): WindowSize | undefined {
  try {
    const { rows, columns } = Deno.consoleSize();
    return rows > 0 && columns > 0 ? { rows, columns } : undefined;
  } catch {
    // No terminal.
    return undefined;
  }
}

/**
 * Deno leaves the terminal's work on what is written (a newline becomes carriage return and newline) as it is, which the
 * terminal in the container has done already; a program that moves the cursor by bare newlines would be torn. Deno puts
 * back all that it found, and does so too when the process ends.
 */
function raw(): Disposable {
  Deno.stdin.setRaw(true);
  stty("-opost");
  return {
    [Symbol.dispose]() {
      try {
        Deno.stdin.setRaw(false);
      } catch (error) {
        if (!isUnread(error)) throw error;
      }
    },
  };
}

/** A machine without stty has a terminal that is a little less raw. */
function stty(flag: string): void {
  try {
    new Deno.Command("stty", { args: [flag], stdin: "inherit", stdout: "null", stderr: "null" }).outputSync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function onResize(call: () => void): Disposable {
  return listener("SIGWINCH", call);
}

function onSignal(call: (signal: EndSignal) => void): Disposable {
  const listeners = END_SIGNALS.map((signal) => listener(signal, () => call(signal)));
  return { [Symbol.dispose]: () => listeners.forEach((each) => each[Symbol.dispose]()) };
}

function listener(signal: Deno.Signal, call: () => void): Disposable {
  Deno.addSignalListener(signal, call);
  return { [Symbol.dispose]: () => Deno.removeSignalListener(signal, call) };
}
