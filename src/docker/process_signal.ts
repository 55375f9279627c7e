/**
 * Sends a signal to a process inside a container and to its group, as Ctrl-C in a terminal does.
 *
 * @param pid as Docker tells it: on the host, if this program sees the host's processes
 * @param beside the container's first process, as Docker tells it
 * @returns false when the two are not seen here together and apart from this program: then it is some other process
 */
export function signalGroup(
  pid: number,
  { beside, signal }: { readonly beside: number; readonly signal: Deno.Signal },
): boolean {
  const space = processSpace(pid);
  if (space === undefined || space !== processSpace(beside) || space === processSpace("self")) return false;
  try {
    // Docker makes every command the leader of a group.
    Deno.kill(-pid, signal);
  } catch (error) {
    // It has just ended.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return true;
}

/** Which processes a process sees (pid_namespaces(7)); undefined when it is not there. */
function processSpace(pid: number | "self"): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/${pid}/ns/pid`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}
