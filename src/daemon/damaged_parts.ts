import { type BlobSource, DamagedPart } from "../archive/blobs.ts";
import type { Chunk } from "../wire/manifest.ts";

/**
 * Stored parts, with a memory for those whose content was not what their names say. A push is told that they are missing,
 * and so sends them again; else it would fail each time. Forgotten with the process: then one push more fails for it.
 */
export class DamagedParts implements BlobSource {
  readonly #source: BlobSource;
  readonly #damaged = new Map<string, Map<string, Chunk>>();

  constructor(source: BlobSource) {
    this.#source = source;
  }

  async read(service: string, chunk: Chunk): Promise<Uint8Array<ArrayBuffer>> {
    try {
      return await this.#source.read(service, chunk);
    } catch (error) {
      if (error instanceof DamagedPart) this.#note(service, chunk);
      throw error;
    }
  }

  /** Which of these have no file, or have one that is still damaged. */
  async gone(service: string, digests: Iterable<string>): Promise<readonly string[]> {
    const asked = new Set(digests);
    const gone = new Set(await this.#source.gone(service, asked));
    for (const chunk of this.#damaged.get(service)?.values() ?? []) {
      if (asked.has(chunk.digest) && !await this.#isMended(service, chunk)) gone.add(chunk.digest);
    }
    return [...gone];
  }

  /** What a service is to be sent again. */
  damaged(service: string): readonly string[] {
    return [...this.#damaged.get(service)?.keys() ?? []];
  }

  #note(service: string, chunk: Chunk): void {
    const known = this.#damaged.get(service) ?? new Map<string, Chunk>();
    this.#damaged.set(service, known.set(chunk.digest, chunk));
  }

  async #isMended(service: string, chunk: Chunk): Promise<boolean> {
    try {
      await this.#source.read(service, chunk);
    } catch {
      return false;
    }
    const known = this.#damaged.get(service);
    known?.delete(chunk.digest);
    if (known?.size === 0) this.#damaged.delete(service);
    return true;
  }
}
