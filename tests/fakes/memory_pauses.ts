import type { Pauses } from "../../src/daemon/stand_still.ts";

/** The services that stand still. */
export class MemoryPauses implements Pauses {
  readonly paused = new Set<string>();
  /** So many times letting go on fails. */
  failures = 0;

  pause(service: string): Promise<void> {
    this.paused.add(service);
    return Promise.resolve();
  }

  resume(service?: string): Promise<void> {
    if (this.failures-- > 0) return Promise.reject(new Error("Docker is away"));
    if (service === undefined) this.paused.clear();
    else this.paused.delete(service);
    return Promise.resolve();
  }
}
