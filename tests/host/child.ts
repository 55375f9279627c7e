import { within } from "../../src/wait.ts";

/**
 * Starts a Deno program of its own process and waits for its first line of output; killed when it is disposed.
 *
 * @returns the process and that line
 */
export async function startChild(
  code: string,
): Promise<AsyncDisposable & { readonly pid: number; readonly line: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", "--ext=ts", code],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  let line = "";
  async function end(): Promise<void> {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await reader.cancel();
    await child.status;
  }
  try {
    while (!line.includes("\n")) {
      const { value } = await within(reader.read(), { what: "the child speaks", timeoutMs: 20_000 });
      if (value === undefined) throw new Error("the child ended");
      line += new TextDecoder().decode(value);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return { pid: child.pid, line: line.trim(), [Symbol.asyncDispose]: end };
}
