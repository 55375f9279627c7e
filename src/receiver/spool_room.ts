import { chunkSpace } from "../archive/blobs.ts";
import { binarySize } from "../archive/quotas.ts";
import { messageOf, NotWrittenError } from "../error.ts";
import type { KeepScope } from "../wire/keep.ts";
import type { Room } from "./batches.ts";

/** What is removed from stored blobs, and what is not. */
export interface CollectOptions {
  /** The space that may be taken afterwards, given what is taken before. */
  readonly mostBytes: (taken: number) => number;
  /** Digests of a service's blobs that stay, however old they are. */
  readonly kept: (service: string) => Promise<ReadonlySet<string>>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The disk that blobs are on. `src/host` implements it. */
export interface SpoolDisk {
  /** Removes blobs; the space that is left taken. */
  collect(options: CollectOptions): Promise<number>;
  /** In bytes: what is free, and what of it is to stay so. */
  space(): { readonly free: number; readonly reserve: number };
}

export interface SpoolRoomParts {
  readonly disk: SpoolDisk;
  /** Most bytes that all blobs may take. */
  readonly spoolBytes: number;
  /** The daemon's keep-list. */
  readonly kept: (service: string, scope: KeepScope) => Promise<ReadonlySet<string>>;
  readonly now: () => number;
  readonly log: (line: string) => void;
}

/** Collected is at least so often while there are uploads, ... */
const COLLECT_EVERY_MS = 60 * 60 * 1000;
/** ... and when there was nothing left to collect, not again before this time is over. */
const COLLECT_PAUSE_MS = 30_000;

/** Collecting goes on until no more than this share of the room is taken. */
const COLLECT_TO = 0.9;

/** The room for blobs: a size that `init` was told, as far as the disk has it. Makes room by collecting. */
export class SpoolRoom implements Room {
  readonly #parts: SpoolRoomParts;
  /** Bytes taken, as far as they are known. */
  #taken = 0;
  #collectedAt = -Infinity;
  /** Until when it is not tried again. */
  #pauseEnds = -Infinity;
  #collecting: Promise<void> | undefined;

  constructor(parts: SpoolRoomParts) {
    this.#parts = parts;
  }

  async take(sizes: readonly number[]): Promise<void> {
    const bytes = sizes.reduce((sum, size) => sum + chunkSpace(size), 0);
    const { now } = this.#parts;
    if (now() >= this.#collectedAt + COLLECT_EVERY_MS) this.#collect(0);
    // Others may have taken what was collected for them and for this one together.
    while (this.#lack(bytes) !== undefined && now() >= this.#pauseEnds) await this.#collect(bytes);
    const lack = this.#lack(bytes);
    if (lack !== undefined) throw lack;
    this.#taken += bytes;
  }

  /** Why there is no room for so many bytes more. */
  #lack(bytes: number): NoRoom | undefined {
    const { disk, spoolBytes } = this.#parts;
    const { free, reserve } = disk.space();
    if (free - reserve < bytes) {
      return new NoRoom("Cannot store what was sent: the disk is full", {
        hint: `Free some space on the server: df -h. The last ${binarySize(reserve)} are not given to uploads.`,
      });
    }
    if (this.#taken + bytes <= spoolBytes) return undefined;
    return new NoRoom(
      `Cannot store what was sent: pushes take ${binarySize(spoolBytes)} already, which is all they may`,
      {
        hint:
          "Try again in an hour, when what is left over from other pushes can go, or on the server: mypaas init --spool-size.",
      },
    );
  }

  /** Makes room for so many bytes. What fails is logged: the room stays as it is. */
  #collect(bytes: number): Promise<void> {
    const { log, now } = this.#parts;
    this.#collecting ??= this.#collectOnce(bytes)
      .catch((error) => {
        log(`collecting stored files: ${messageOf(error)}`);
        return false;
      })
      .then((enough) => {
        this.#collecting = undefined;
        this.#collectedAt = now();
        if (!enough) this.#pauseEnds = now() + COLLECT_PAUSE_MS;
      });
    return this.#collecting;
  }

  /** @returns whether there is room then */
  async #collectOnce(bytes: number): Promise<boolean> {
    const { disk, spoolBytes, kept, now } = this.#parts;
    // Less than all, so that what comes next does not make it necessary again at once.
    const mostBytes = (taken: number) => {
      const { free, reserve } = disk.space();
      return Math.min(spoolBytes * COLLECT_TO, spoolBytes - bytes, taken + free - 2 * reserve - bytes);
    };
    for (const scope of ["all", "live"] as const) {
      const before = this.#taken;
      const left = await disk.collect({ mostBytes, kept: (service) => kept(service, scope), now: now() });
      // What came meanwhile may have been counted or not.
      this.#taken = left + this.#taken - before;
      if (left <= mostBytes(left)) return true;
    }
    return false;
  }
}

/** There is no space for an upload. */
export class NoRoom extends NotWrittenError {}
