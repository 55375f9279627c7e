import { dirname } from "node:path";
import { messageOf } from "../error.ts";
import { within } from "../wait.ts";
import { removeFile, syncFolder } from "./files.ts";

const KILLED_TIMEOUT_MS = 2000;

/** How a program ended. */
export interface Ended {
  /** -1 when it could not be started. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end; it is killed when that takes too long.
 *
 * @param onLine called with each line that it writes to standard error, as it comes
 */
export async function runProgram(
  words: readonly [string, ...string[]],
  { timeoutMs, onLine = () => {} }: { readonly timeoutMs: number; readonly onLine?: (line: string) => void },
): Promise<Ended> {
  const [program, ...args] = words;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  } catch (error) {
    return { code: -1, stdout: "", stderr: messageOf(error) };
  }
  const output = Promise.all([new Response(child.stdout).text(), readLines(child.stderr, onLine), child.status]);
  try {
    const [stdout, stderr, { code }] = await within(output, { what: `${program} ends`, timeoutMs });
    return { code, stdout, stderr };
  } catch (error) {
    try {
      child.kill("SIGKILL");
    } catch {
      // it has ended meanwhile
    }
    // What it started may hold its output open, and is not waited for.
    await within(output, { what: `${program} is killed`, timeoutMs: KILLED_TIMEOUT_MS }).catch(() => {});
    return { code: -1, stdout: "", stderr: messageOf(error) };
  }
}

async function readLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>, onLine: (line: string) => void) {
  let all = "";
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    all += text;
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
  return all;
}

/**
 * Puts a program in the place of another, so that at every moment, a power cut included, one of the two has the name.
 *
 * @param old a second name that the one before keeps; undefined: it goes
 */
export async function replaceProgram(next: string, current: string, old?: string): Promise<void> {
  if (old !== undefined) {
    await removeFile(old);
    await Deno.link(current, old);
    await syncFolder(dirname(old));
  }
  await Deno.rename(next, current);
  await syncFolder(dirname(current));
}
