import { manifestDigest } from "../../src/archive/manifest_digest.ts";
import type { ManifestStore } from "../../src/daemon/manifests.ts";
import type { Manifest } from "../../src/wire/manifest.ts";

/** Manifests in memory, by `<service>/<digest>`. */
export class MemoryManifests implements ManifestStore {
  readonly stored = new Map<string, Manifest>();

  find(service: string, digest: string): Promise<Manifest | undefined> {
    return Promise.resolve(this.stored.get(`${service}/${digest}`));
  }

  async save(service: string, manifest: Manifest): Promise<void> {
    this.stored.set(`${service}/${await manifestDigest(manifest)}`, manifest);
  }
}
