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
