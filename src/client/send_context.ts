import type { ContextEntry } from "../archive/context_list.ts";
import type { KnownFiles } from "../archive/known_files.ts";
import { Scan } from "../archive/scan.ts";
import type { Tree } from "../archive/tree.ts";
import type { Manifest } from "../wire/manifest.ts";
import type { Connection } from "./connection.ts";
import { largeContext } from "./large_context.ts";
import { LackingParts } from "./lacking_parts.ts";
import type { WouldSend } from "./plan_text.ts";
import type { UploadEvent } from "./progress.ts";
import type { Retries } from "./retries.ts";
import { type Packing, uploadParts } from "./upload.ts";

/** Pause between two `progress` events, in milliseconds. */
const PROGRESS_MS = 100;

export interface SendParts extends Packing {
  readonly connection: Pick<Connection, "json" | "putBlobs">;
  readonly tree: Tree;
  readonly dockerfile: string;
  readonly now: () => number;
}

export interface SendOptions {
  readonly service: string;
  readonly listing: readonly ContextEntry[];
  readonly known: KnownFiles;
  /** The chunks that the server has, as far as that is known; nothing is asked about them. */
  readonly has: ReadonlySet<string>;
  readonly retries: Retries;
  /** Sends only the Dockerfile, which the server has to read. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A context that the server has. */
export interface SentContext {
  readonly manifest: Manifest;
  /** What the server lacked, and all files. */
  readonly lacked: WouldSend;
  /** Bodies as they were on the wire. */
  readonly wireBytes: number;
}

/**
 * Reads a listed context and sends what the server lacks of it, both at the same time. Memory is flat: a few megabytes of
 * chunks wait for the server's answer or are on their way.
 *
 * @throws {ChangedFile} when a file is not what it was when it was listed
 */
export async function sendContext(
  { connection, tree, dockerfile, digest, compress, now }: SendParts,
  { service, listing, known, has, retries, dryRun, signal }: SendOptions,
  report: (event: UploadEvent) => void,
): Promise<SentContext> {
  const began = now();
  let toldAt = began;
  let sent = 0;
  const scan = new Scan(tree, listing, { digest, known });
  const listed = listing.filter(({ type }) => type === "file");
  const totals = { totalFiles: listed.length, totalBytes: listed.reduce((sum, { size }) => sum + size, 0) };
  const progress = () => {
    if (now() - toldAt < PROGRESS_MS) return;
    toldAt = now();
    const { files, bytes } = scan;
    report({ kind: "progress", files, bytes, ...totals, lackingBytes: lacking.lackingBytes, sentBytes: sent });
  };
  const lacked = () => lackedOf(scan, lacking.lacking);
  const lacking = new LackingParts(scan.chunks(), {
    connection,
    retries,
    service,
    context: {
      files: listing.length,
      bytes: listing.reduce((sum, { type, size }) => type === "file" ? sum + size : sum, 0),
    },
    tree,
    digest,
    has: (name) => has.has(name),
    only: dryRun ? await digestsOf(tree, dockerfile, digest) : undefined,
    signal,
    onFound: progress,
    onAllFound: () => report({ kind: "scanned", service, files: scan.files, bytes: scan.bytes }),
    onAllAsked() {
      report(
        dryRun
          ? { kind: "wouldSend", ...lacked() }
          : { kind: "lacking", parts: lacking.lacking.size, bytes: lacking.lackingBytes },
      );
      const large = largeContext(scan.manifest.entries, lacking.lacking);
      if (large !== undefined) report(large);
    },
  });
  const onSent = (bytes: number) => {
    sent += bytes;
    progress();
  };
  const sentBytes = await uploadParts(connection, lacking.parts(), {
    service,
    compress,
    now,
    signal,
    onSent,
    retries,
    lacking: (digests) => lacking.lost(digests),
  });
  if (!dryRun) report({ kind: "uploaded", sentBytes, seconds: (now() - began) / 1000 });
  return { manifest: scan.manifest, lacked: lacked(), wireBytes: lacking.askedBytes + sentBytes };
}

/** The chunks of one file by itself. */
async function digestsOf(tree: Pick<Tree, "read">, path: string, digest: Packing["digest"]): Promise<Set<string>> {
  const digests = new Set<string>();
  for await (const part of tree.read(path)) digests.add(digest(part));
  return digests;
}

function lackedOf(
  { manifest, files: totalFiles, bytes: totalBytes }: Scan,
  lacking: ReadonlyMap<string, number>,
): WouldSend {
  let files = 0;
  let bytes = 0;
  for (const size of lacking.values()) bytes += size;
  if (lacking.size > 0) {
    for (const entry of manifest.entries) {
      if (entry.type === "file" && entry.chunks.some(({ digest }) => lacking.has(digest))) files++;
    }
  }
  return { files, bytes, totalFiles, totalBytes };
}
