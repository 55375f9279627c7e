import type { Manifest } from "../wire/manifest.ts";
import { manifestText, readManifestText } from "./manifest_text.ts";

/** Names the whole content of a manifest: the SHA-256 (hex) of its canonical text (`manifest_text.ts`). */
export function manifestDigest(manifest: Manifest): Promise<string> {
  let digest = DIGESTS.get(manifest);
  if (digest === undefined) {
    digest = sha256Hex(manifestText(manifest, ","));
    DIGESTS.set(manifest, digest);
  }
  return digest;
}

/**
 * Reads the text of a manifest, with newlines between its entries, that is kept under its digest.
 *
 * @returns undefined when it is not the one of that digest
 */
export async function manifestOfDigest(
  digest: string,
  text: Uint8Array<ArrayBuffer>,
): Promise<Manifest | undefined> {
  const manifest = readManifestText(text);
  if (await sha256Hex(text) !== digest) return undefined;
  DIGESTS.set(manifest, Promise.resolve(digest));
  return manifest;
}

/** A manifest never changes, and is asked more than once. */
const DIGESTS = new WeakMap<Manifest, Promise<string>>();

async function sha256Hex(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
