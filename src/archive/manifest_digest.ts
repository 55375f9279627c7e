import type { Manifest } from "../wire/manifest.ts";

/**
 * Names the whole content of a manifest: the SHA-256 (hex) of its canonical text, which is JSON of one array per entry,
 * `["file", path, mode, size, [[digest, size]...]]` (and `"build only"`), `["dir", path, mode]`, `["link", path, target]`, in the manifest's order.
 */
export function manifestDigest(manifest: Manifest): Promise<string> {
  let digest = DIGESTS.get(manifest);
  if (digest === undefined) {
    digest = digestOf(manifest);
    DIGESTS.set(manifest, digest);
  }
  return digest;
}

/** A manifest never changes, and is asked more than once. */
const DIGESTS = new WeakMap<Manifest, Promise<string>>();

async function digestOf(manifest: Manifest): Promise<string> {
  const canonical = JSON.stringify(manifest.entries.map((entry) => {
    switch (entry.type) {
      case "file": {
        const chunks = entry.chunks.map(({ digest, size }) => [digest, size]);
        return ["file", entry.path, entry.mode, entry.size, chunks, ...entry.buildOnly ? ["build only"] : []];
      }
      case "dir":
        return ["dir", entry.path, entry.mode];
      case "link":
        return ["link", entry.path, entry.target];
    }
  }));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical))).toHex();
}
