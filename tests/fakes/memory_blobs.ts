import type { BlobStore, NamedContent } from "../../src/archive/blobs.ts";

/** Blobs in memory, by `<service>/<digest>`. */
export class MemoryBlobs implements BlobStore {
  readonly stored = new Map<string, Uint8Array>();
  /** When set, `put` fails with it. */
  failure: Error | undefined;

  lacking(service: string, digests: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(digests.filter((digest) => !this.stored.has(`${service}/${digest}`)));
  }

  async put(service: string, chunks: readonly NamedContent[]): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    for (const { digest, content } of chunks) this.stored.set(`${service}/${digest}`, content);
  }
}
