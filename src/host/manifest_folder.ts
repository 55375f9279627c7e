import { manifestDigest, manifestOfDigest } from "../archive/manifest_digest.ts";
import { manifestText } from "../archive/manifest_text.ts";
import type { ManifestStore } from "../daemon/manifests.ts";
import { messageOf } from "../error.ts";
import { ensureFolder, removeAllButNewest, replaceFile } from "./files.ts";
import { zstdCompress, zstdDecompress } from "./zstd.ts";

/** So many manifests of a service are kept: about as many as releases, so that a few laptops can push in turns. */
const KEPT = 5;
/** Text of a manifest: what one request may hold, and what a few more have added. */
const MAX_BYTES = 128 << 20;

/**
 * Manifests in a folder: `<root>/<service>/<digest>`, their texts with newlines (`src/archive/manifest_text.ts`) in zstd; files 0600, folders 0700.
 *
 * @param log is told what could not be kept
 */
export function manifestFolder(root: string, log: (line: string) => void): ManifestStore {
  return {
    async find(service, digest) {
      try {
        const text = zstdDecompress(await Deno.readFile(`${root}/${service}/${digest}`), MAX_BYTES);
        return await manifestOfDigest(digest, text);
      } catch {
        return undefined;
      }
    },

    async save(service, manifest) {
      const folder = `${root}/${service}`;
      try {
        const file = `${folder}/${await manifestDigest(manifest)}`;
        if (await wasUsed(file)) return;
        await ensureFolder(root, 0o700);
        await ensureFolder(folder, 0o700);
        await replaceFile(file, zstdCompress(manifestText(manifest, "\n")), 0o600);
        await removeAllButNewest(folder, KEPT);
      } catch (error) {
        log(`keeping the list of files of ${service}: ${messageOf(error)}`);
      }
    },
  };
}

/** Notes that a file that is there is used now. */
async function wasUsed(file: string): Promise<boolean> {
  try {
    await Deno.utime(file, new Date(), new Date());
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
