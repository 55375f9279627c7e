import { readIgnore, type Scan, scanTree } from "../archive/scan.ts";
import type { Tree } from "../archive/tree.ts";
import { type MyPaasError, UsageError } from "../error.ts";
import { parseMissingAnswer } from "../wire/answer_schemas.ts";
import { MAX_MISSING_DIGESTS } from "../wire/limits.ts";
import type { DeployRequest, MissingRequest } from "../wire/requests.ts";
import type { Connection } from "./connection.ts";
import { followDeploy } from "./follow_deploy.ts";
import type { WouldSend } from "./plan_text.ts";
import type { PushEvent, PushResult } from "./progress.ts";
import { type Packing, readParts, uploadParts } from "./upload.ts";

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
  /** Only tell what would be done; of the folder nothing is sent but the Dockerfile. */
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

  const ignore = await readIgnore(tree, dockerfile);
  const scan = await scanTree(tree, { ignore, dockerfile, digest: parts.digest });
  signal?.throwIfAborted();
  const { lacked, wireBytes } = await sendLacking(parts, { scan, service, options }, report);
  const { force, dryRun } = options;
  const body = jsonBytes({ service, dockerfile, manifest: scan.manifest, force, dryRun } satisfies DeployRequest);
  const start = { method: "POST", path: `/v1/deploy?service=${encodeURIComponent(service)}` };
  const end = await followDeploy(connection, { start, body, signal }, report);
  if (end.kind === "done") throw new Error("A push ended as other work does");
  return { end, sentBytes: wireBytes + body.length, lacked, seconds: (now() - began) / 1000 };
}

/** Sends what the server lacks of a scan; in a dry run only the Dockerfile, which the server has to read. */
async function sendLacking(
  { connection, tree, dockerfile, digest, compress, now }: PushParts,
  { scan: { manifest, places }, service, options: { dryRun, signal } }: {
    readonly scan: Scan;
    readonly service: string;
    readonly options: PushOptions;
  },
  report: (event: PushEvent) => void,
): Promise<{ readonly lacked: WouldSend; readonly wireBytes: number }> {
  const files = manifest.entries.filter((entry) => entry.type === "file");
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  report({ kind: "scanned", service, files: files.length, bytes: totalBytes });

  const began = now();
  const context = { files: manifest.entries.length, bytes: totalBytes };
  const { lacking, askedBytes } = await askMissing(connection, { places, context, service, signal });
  const isLacking = ({ chunks }: typeof files[number]) => chunks.some((chunk) => lacking.has(chunk.digest));
  const bytes = [...lacking].reduce((sum, name) => sum + (places.get(name)?.size ?? 0), 0);
  const lacked = { files: files.filter(isLacking).length, bytes, totalFiles: files.length, totalBytes };
  report(dryRun ? { kind: "wouldSend", ...lacked } : { kind: "lacking", parts: lacking.size, bytes });

  const ofDockerfile = files.find(({ path }) => path === dockerfile)?.chunks ?? [];
  const digests = dryRun ? lacking.intersection(new Set(ofDockerfile.map((chunk) => chunk.digest))) : lacking;
  const supply = readParts(tree, places, { digests, digest });
  const sentBytes = await uploadParts(connection, supply, { service, compress, now, signal });
  if (!dryRun) report({ kind: "uploaded", sentBytes, seconds: (now() - began) / 1000 });
  return { lacked, wireBytes: askedBytes + sentBytes };
}

/** Asks which chunks of a scan the server lacks. */
async function askMissing(
  connection: Connection,
  { places, context, service, signal }: {
    readonly places: Scan["places"];
    readonly context: MissingRequest["context"];
    readonly service: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ readonly lacking: ReadonlySet<string>; readonly askedBytes: number }> {
  const path = `/v1/missing?service=${encodeURIComponent(service)}`;
  const digests = [...places.keys()];
  const lacking = new Set<string>();
  let askedBytes = 0;
  for (let from = 0; from < digests.length; from += MAX_MISSING_DIGESTS) {
    const some = digests.slice(from, from + MAX_MISSING_DIGESTS);
    const body = jsonBytes({ digests: some, context } satisfies MissingRequest);
    const answer = await connection.json("POST", path, { body, parse: parseMissingAnswer, from: "receiver", signal });
    askedBytes += body.length;
    answer.missing.filter((name) => places.has(name)).forEach((name) => lacking.add(name));
  }
  return { lacking, askedBytes };
}

function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value));
}

function noDockerfile(path: string): MyPaasError {
  return new UsageError(`Cannot read "${path}": there is no such file in the context`, {
    hint: "Run this in the folder that has the Dockerfile, or give its path.",
  });
}
