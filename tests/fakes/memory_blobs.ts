import type { BlobStore } from "../../src/archive/blobs.ts";

/** Blobs in memory, by `<service>/<digest>`. */
export class MemoryBlobs implements BlobStore {
  readonly stored = new Map<string, Uint8Array>();
  /** When set, `put` fails with it. */
  failure: Error | undefined;

  has(service: string, digest: string): Promise<boolean> {
    return Promise.resolve(this.stored.has(`${service}/${digest}`));
  }

  async put(service: string, digest: string, content: Uint8Array): Promise<void> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    this.stored.set(`${service}/${digest}`, content);
  }
}
