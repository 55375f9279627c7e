import { createTarPacker, type TarHeader } from "modern-tar";
import type { BuilderKind } from "../service/builder_syntax.ts";
import type { Chunk, Manifest, ManifestEntry } from "../wire/manifest.ts";

/**
 * Streams a manifest as a tar archive. All times are 0 and the owner is root, so that equal manifests give equal bytes.
 * Memory stays flat: a few megabytes are prepared ahead of the reader.
 *
 * A Dockerfile that is to be built from only is there for the builder. The classic one takes it away again, with the
 * `.dockerignore` that tells it so, before it looks at an instruction; BuildKit does that only for what the docker command
 * sends it over a session of its own, so there `COPY . .` copies it.
 *
 * @param read gives the content of a chunk; what it throws breaks the stream before the archive's end, so that nobody can
 * take the rest for a whole archive. It is not called again once the stream is cancelled
 */
export function contextTar(
  manifest: Manifest,
  read: (chunk: Chunk) => Promise<Uint8Array>,
  builder: BuilderKind = "buildkit",
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { readable, controller } = createTarPacker();

  async function pack(): Promise<void> {
    const ignore = builder === "classic" ? ignoreFile(manifest) : "";
    if (ignore !== "") {
      const content = new TextEncoder().encode(ignore);
      const header: TarHeader = { ...COMMON, type: "file", name: IGNORE_FILE, mode: 0o644, size: content.length };
      const writer = controller.add(header).getWriter();
      await writer.write(content);
      await writer.close();
    }
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

const COMMON = { size: 0, mtime: new Date(0), uid: 0, gid: 0 };
const IGNORE_FILE = ".dockerignore";

/** What has the classic builder take away itself and what is built from only; empty when there is no need, or no place. */
function ignoreFile({ entries }: Manifest): string {
  const hidden = entries.filter((entry) => entry.type === "file" && entry.buildOnly === true).map(({ path }) => path);
  // The project's own stays as it is: it ignores the Dockerfile, or one beside the Dockerfile beats it.
  if (hidden.length === 0 || entries.some(({ path }) => path === IGNORE_FILE)) return "";
  return [IGNORE_FILE, ...hidden].map((path) => `${path.replace(/[^\w./-]/g, "\\$&")}\n`).join("");
}

function tarHeader(entry: ManifestEntry): TarHeader {
  switch (entry.type) {
    case "file":
      return { ...COMMON, type: "file", name: entry.path, mode: entry.mode, size: entry.size };
    case "dir":
      return { ...COMMON, type: "directory", name: `${entry.path}/`, mode: entry.mode };
    case "link":
      return { ...COMMON, type: "symlink", name: entry.path, mode: 0o777, linkname: entry.target };
  }
}
