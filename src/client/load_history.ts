import type { StatsSample } from "../wire/stats.ts";
import { type ServiceLoad, serviceLoads } from "./load.ts";

/** As many as a wide terminal can show. */
const MOST_SAMPLES = 60;

/** The samples that were seen, the last of them as load. */
export class LoadHistory {
  #last: StatsSample | undefined;
  #loads: readonly (readonly ServiceLoad[])[] = [];

  add(sample: StatsSample): void {
    this.#loads = [...this.#loads, serviceLoads(this.#last, sample)].slice(-MOST_SAMPLES);
    this.#last = sample;
  }

  /** Samples, the oldest forgotten. */
  get length(): number {
    return this.#loads.length;
  }

  /** The load of each service now. */
  get loads(): readonly ServiceLoad[] {
    return this.#loads.at(-1) ?? [];
  }

  /** Why requests are not known. */
  get countsError(): string | undefined {
    return this.#last?.countsError;
  }

  /** A number of a service over time, the newest last; undefined for a sample that did not have it. */
  series(service: string, field: "cpus" | "memoryBytes" | "requestsPerSecond"): readonly (number | undefined)[] {
    return this.#loads.map((loads) => loads.find((load) => load.service === service)?.[field]);
  }
}
