import { createTarPacker, type TarHeader } from "modern-tar";
import type { Chunk, Manifest, ManifestEntry } from "../wire/manifest.ts";

/**
 * Streams a manifest as a tar archive. All times are 0 and the owner is root, so that equal manifests give equal bytes.
 * Memory stays flat: a few megabytes are prepared ahead of the reader.
 *
 * @param read gives the content of a chunk; what it throws breaks the stream before the archive's end, so that nobody can
 * take the rest for a whole archive. It is not called again once the stream is cancelled
 */
export function contextTar(
  manifest: Manifest,
  read: (chunk: Chunk) => Promise<Uint8Array>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { readable, controller } = createTarPacker();

  async function pack(): Promise<void> {
    for (const entry of manifest.entries) {
      const writer = controller.add(tarHeader(entry)).getWriter();
      if (entry.type === "file") {
        for (const chunk of entry.chunks) await writer.write(await read(chunk));
      }
      await writer.close();
    }
    controller.finalize();
  }

  // After a cancel `pack` ends with the cancel's reason, and to pass that on changes nothing.
  pack().catch((error) => controller.error(error));
  return readable;
}

function tarHeader(entry: ManifestEntry): TarHeader {
  const common = { size: 0, mtime: new Date(0), uid: 0, gid: 0 };
  switch (entry.type) {
    case "file":
      return { ...common, type: "file", name: entry.path, mode: entry.mode, size: entry.size };
    case "dir":
      return { ...common, type: "directory", name: `${entry.path}/`, mode: entry.mode };
    case "link":
      return { ...common, type: "symlink", name: entry.path, mode: 0o777, linkname: entry.target };
  }
}
