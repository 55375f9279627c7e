import { scanTree } from "../archive/scan_tree.ts";
import type { Tree } from "../archive/tree.ts";
import { MyPaasError, UsageError } from "../error.ts";
import type { DeployRequest, MissingRequest } from "../wire/requests.ts";
import type { Manifest } from "../wire/manifest.ts";
import { parseMissingAnswer } from "../wire/schemas.ts";
import type { Connection } from "./connection.ts";
import { followDeploy } from "./follow_deploy.ts";
import type { PushEvent, PushResult } from "./progress.ts";
import { lackingParts, type Packing, uploadParts } from "./upload.ts";

/** Most digests that are asked for in one request. */
const DIGESTS_PER_REQUEST = 20_000;

export interface PushParts extends Packing {
  readonly connection: Connection;
  /** The build context. */
  readonly tree: Tree;
  /** Path of the Dockerfile inside the context. */
  readonly dockerfile: string;
  /** Reads the options of a Dockerfile; its errors name file and line. */
  readonly parseService: (text: string, file: string) => { readonly spec: { readonly name: string } };
  /** Milliseconds of a clock. */
  readonly now: () => number;
}

export interface PushOptions {
  /** Build and roll out although nothing changed. */
  readonly force: boolean;
  /** Only tell the steps. */
  readonly dryRun: boolean;
  /** Ends the push. A deploy that was accepted goes on. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Brings a folder to a server and has it deployed: the Dockerfile is checked first, then what the server lacks is sent,
 * then the deploy is followed to its end. `deploy` on the server is the same over the daemon's socket.
 *
 * @param report is called with every event, ends included
 * @throws {MyPaasError} what is wrong with the folder, what the server refused, or how the deploy failed
 */
export async function push(
  parts: PushParts,
  options: PushOptions,
  report: (event: PushEvent) => void,
): Promise<PushResult> {
  const { connection, tree, dockerfile, now } = parts;
  const { signal } = options;
  const began = now();
  const text = await tree.text(dockerfile);
  if (text === undefined) throw noDockerfile(dockerfile);
  const service = parts.parseService(text, dockerfile).spec.name;

  const manifest = await scanTree(tree, { sha256: parts.sha256, dockerfile });
  signal?.throwIfAborted();
  const files = manifest.entries.filter((entry) => entry.type === "file");
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  report({ kind: "scanned", service, files: files.length, bytes: totalBytes });

  let sentBytes = await sendMissing(parts, { manifest, service, signal }, report);
  const request: DeployRequest = { service, dockerfile, manifest, force: options.force, dryRun: options.dryRun };
  const body = JSON.stringify(request);
  sentBytes += body.length;
  const end = await followDeploy(connection, { service, body, signal }, report);
  return { end, sentBytes, totalBytes, seconds: (now() - began) / 1000 };
}

/** Sends what the server lacks of a manifest; returns the bytes that were sent. */
async function sendMissing(
  { connection, tree, sha256, compress, now }: PushParts,
  { manifest, service, signal }: { manifest: Manifest; service: string; signal: AbortSignal | undefined },
  report: (event: PushEvent) => void,
): Promise<number> {
  const sizes = new Map<string, number>();
  for (const entry of manifest.entries) {
    if (entry.type === "file") entry.chunks.forEach(({ digest, size }) => sizes.set(digest, size));
  }
  const began = now();
  const digests = [...sizes.keys()];
  const lacking = new Set<string>();
  let askedBytes = 0;
  for (let from = 0; from < digests.length; from += DIGESTS_PER_REQUEST) {
    const request: MissingRequest = { digests: digests.slice(from, from + DIGESTS_PER_REQUEST) };
    const body = JSON.stringify(request);
    askedBytes += body.length;
    const path = `/v1/missing?service=${encodeURIComponent(service)}`;
    const answer = await connection.json("POST", path, { body, parse: parseMissingAnswer, from: "receiver", signal });
    answer.missing.filter((digest) => sizes.has(digest)).forEach((digest) => lacking.add(digest));
  }
  const bytes = [...lacking].reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0);
  report({ kind: "lacking", parts: lacking.size, bytes });
  const supply = lackingParts(tree, manifest, { lacking, sha256 });
  const sentBytes = await uploadParts(connection, supply, { service, compress, now, signal });
  report({ kind: "uploaded", sentBytes, seconds: (now() - began) / 1000 });
  return askedBytes + sentBytes;
}

function noDockerfile(path: string): MyPaasError {
  return new UsageError(`Cannot read "${path}": there is no such file in the context`, {
    hint: "Run this in the folder that has the Dockerfile, or give its path.",
  });
}
