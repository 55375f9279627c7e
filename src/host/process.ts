/** Fulfilled when this process is asked to end: SIGTERM or SIGINT. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      Deno.removeSignalListener("SIGTERM", stop);
      Deno.removeSignalListener("SIGINT", stop);
      resolve();
    };
    Deno.addSignalListener("SIGTERM", stop);
    Deno.addSignalListener("SIGINT", stop);
  });
}

/** Gives up permissions for good. */
export async function dropPermissions(names: readonly ("run" | "ffi" | "env" | "sys")[]): Promise<void> {
  for (const name of names) await Deno.permissions.revoke({ name });
}

/** What this process reads and writes, as bytes. */
export function stdioStreams(): {
  readonly input: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly output: WritableStream<Uint8Array<ArrayBuffer>>;
} {
  return { input: Deno.stdin.readable, output: Deno.stdout.writable };
}

/** What images are built for on this machine, in Docker's words. */
export function dockerPlatform(): string {
  return `linux/${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}`;
}

/** With what this process ends when nothing else goes wrong: what a command that it ran ended with. */
export function endWith(code: number): void {
  Deno.exitCode = code;
}

/** Names this process so that nothing else on this machine is ever taken for it: `<pid>.<start in ticks since boot>`. */
export async function ownProcess(): Promise<string> {
  return `${Deno.pid}.${await startOf(Deno.pid)}`;
}

/** Whether the process of `ownProcess` lives. */
export async function processRuns(program: string): Promise<boolean> {
  const [pid = "", start] = program.split(".");
  return /^\d+$/.test(pid) && await startOf(Number(pid)) === start;
}

/** Field 22 of `/proc/<pid>/stat` (proc(5)); undefined when there is no such process. The name in brackets may have blanks. */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || isGone(error)) return undefined;
    throw error;
  }
}

/** A process that ends while its file is read. */
function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ESRCH";
}
