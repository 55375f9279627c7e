import { cpuSeconds, statusField } from "../../tests/e2e/processes.ts";
import { waitUntil } from "../../src/wait.ts";

/** The most memory that a process had since its start or the last reset, shared pages and all, in bytes: VmHWM, proc(5). */
export async function peakMemory(pid: number): Promise<number> {
  return Number((await statusField(pid, "VmHWM"))[0]) * 1024;
}

/** Lets the kernel begin anew (proc(5), clear_refs). */
export async function resetPeakMemory(pid: number): Promise<void> {
  await Deno.writeTextFile(`/proc/${pid}/clear_refs`, "5");
}

/** Follows a process to its end and says what `peakMemory` and its CPU seconds were last. */
export async function useOfChild(
  { pid, status }: Deno.ChildProcess,
): Promise<{ readonly peak: number; readonly cpu: number }> {
  let peak = 0;
  let cpu = 0;
  let over = false;
  status.then(() => over = true);
  await waitUntil(async () => {
    const now = await peakMemory(pid).catch(() => NaN);
    // One that has ended has no memory any more.
    if (now > 0) {
      peak = now;
      cpu = await cpuSeconds(pid).catch(() => cpu);
    }
    return over;
  }, { what: `process ${pid} ends`, timeoutMs: 30 * 60_000, intervalMs: 10 });
  return { peak, cpu };
}
