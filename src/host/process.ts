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

/** What images are built for on this machine, in Docker's words. */
export function dockerPlatform(): string {
  return `linux/${Deno.build.arch === "aarch64" ? "arm64" : "amd64"}`;
}

/**
 * Whether the runtime collects its garbage and trims its heap on SIGUSR2, which saves 5 to 15 MB after a push. Without
 * that variable the signal would end the process.
 */
export function trimsMemory(): boolean {
  return Deno.env.has("DENO_USR2_MEMORY_TRIM");
}

/** Gives memory that is not used back to the system, if `trimsMemory`. */
export function trimMemory(): void {
  if (trimsMemory()) Deno.kill(Deno.pid, "SIGUSR2");
}
