import { ChangedFile } from "../archive/changed_file.ts";
import { KnownFiles } from "../archive/known_files.ts";
import { listContext, readIgnore } from "../archive/context_list.ts";
import { manifestDifference } from "../archive/manifest_difference.ts";
import { manifestDigest } from "../archive/manifest_digest.ts";
import type { Tree } from "../archive/tree.ts";
import { type MyPaasError, UsageError } from "../error.ts";
import { isEnd } from "../wire/events.ts";
import type { Manifest } from "../wire/manifest.ts";
import type { DifferenceRequest } from "../wire/manifest_difference.ts";
import type { DeployRequest } from "../wire/requests.ts";
import { type Connection, LackingOnServer } from "./connection.ts";
import { type DeployEnd, followDeploy } from "./follow_deploy.ts";
import { jsonBytes } from "./json_bytes.ts";
import type { PushEvent, PushResult } from "./progress.ts";
import { type PushCache, PushMemory, type SentManifest } from "./push_memory.ts";
import { Retries } from "./retries.ts";
import { sendContext, type SentContext } from "./send_context.ts";
import type { Packing } from "./upload.ts";

export interface PushParts extends Packing {
  readonly connection: Connection;
  /** The build context. */
  readonly tree: Tree;
  /** Absolute path of the build context: names what is remembered of it. */
  readonly folder: string;
  /** Path of the Dockerfile inside the context. */
  readonly dockerfile: string;
  /** What earlier pushes left. */
  readonly cache: PushCache;
  /** Reads the options of a Dockerfile; its errors name file and line. */
  readonly parseService: (text: string, file: string) => { readonly spec: { readonly name: string } };
  /** Milliseconds since 1970. */
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

/** How often a server may say that it lacks something after it was sent: another push may have made it collect. */
const MOST_ROUNDS = 3;

/**
 * Brings a folder to a server and has it deployed: the Dockerfile is checked first, then what the server lacks is sent,
 * then the deploy is followed to its end. `deploy` on the server is the same over the daemon's socket.
 *
 * What the server had after the last push is taken to be there: nothing is asked about it, and the manifest is sent as a
 * difference. When it is not there any more the server says so, and all is asked for and sent as a whole.
 *
 * @param report is called with every event, ends included
 * @throws {MyPaasError} what is wrong with the folder, what the server refused, or how the deploy failed
 */
export async function push(
  parts: PushParts,
  options: PushOptions,
  report: (event: PushEvent) => void,
): Promise<PushResult> {
  const { connection, tree, folder, dockerfile, now } = parts;
  const began = now();
  const text = await tree.text(dockerfile);
  if (text === undefined) throw noDockerfile(dockerfile);
  const service = parts.parseService(text, dockerfile).spec.name;
  const retries = new Retries({
    now,
    signal: options.signal,
    onRetry: ({ message }) => report({ kind: "retry", reason: message }),
  });
  const memory = new PushMemory(parts.cache, { folder, dockerfile, server: connection.server, service });
  let base = await memory.sent();
  let sentBytes = 0;
  for (let round = 1;; round++) {
    const turn = { service, base, memory, retries, options };
    const context = await sendOnce(parts, turn, round === 1 ? report : again(report));
    const body = jsonBytes(await deployMessage(context.manifest, { service, dockerfile, base, options }));
    sentBytes += context.wireBytes + body.length;
    try {
      const end = await deploy(parts, { ...turn, body, context }, report);
      if (end.kind === "done") throw new Error("A push ended as other work does");
      return { end, sentBytes, lacked: context.lacked, seconds: (now() - began) / 1000 };
    } catch (error) {
      if (!(error instanceof LackingOnServer) || round === MOST_ROUNDS) throw error;
      base = undefined;
    }
  }
}

interface Round {
  readonly service: string;
  /** What the server is taken to have. */
  readonly base: SentManifest | undefined;
  readonly memory: PushMemory;
  readonly retries: Retries;
  readonly options: PushOptions;
}

/** Reads the folder and sends what is lacking. When a file changes meanwhile, all is looked at once more. */
async function sendOnce(
  parts: PushParts,
  { service, base, memory, retries, options }: Round,
  report: (event: PushEvent) => void,
): Promise<SentContext> {
  const { tree, dockerfile, now } = parts;
  const { dryRun, signal } = options;
  const ignore = await readIgnore(tree, dockerfile);
  const has = chunksOf(base?.manifest);
  const attempt = async (trusted: string | undefined, told: typeof report) => {
    const known = new KnownFiles(trusted, now());
    const listing = await listContext(tree, { ignore, dockerfile });
    signal?.throwIfAborted();
    const context = await sendContext(parts, { service, listing, known, has, retries, dryRun, signal }, told);
    await memory.saveKnownFiles(known.text());
    return context;
  };
  try {
    return await attempt(await memory.knownFiles(), report);
  } catch (error) {
    if (!(error instanceof ChangedFile)) throw error;
    return await attempt(undefined, again(report));
  }
}

/** Asks for the deploy and follows it. What the server has accepted, it has: the next push builds on it. */
async function deploy(
  { connection }: PushParts,
  { service, body, context: { manifest }, base, memory, retries, options: { dryRun, signal } }: Round & {
    readonly body: Uint8Array<ArrayBuffer>;
    readonly context: SentContext;
  },
  report: (event: PushEvent) => void,
): Promise<DeployEnd> {
  const start = { method: "POST", path: `/v1/deploy?service=${encodeURIComponent(service)}`, retries };
  let taken = false;
  try {
    return await followDeploy(connection, { start, body, signal }, (event) => {
      if (event.kind === "accepted" || isEnd(event)) taken = !dryRun;
      report(event);
    });
  } finally {
    if (taken && await manifestDigest(manifest) !== base?.digest) await memory.saveSent(manifest);
  }
}

/** The request for a deploy; as a difference where that is smaller. */
async function deployMessage(
  manifest: Manifest,
  { service, dockerfile, base, options: { force, dryRun } }: Pick<Round, "service" | "base" | "options"> & {
    readonly dockerfile: string;
  },
): Promise<DeployRequest | DifferenceRequest> {
  const common = { service, dockerfile, force, dryRun, attempt: crypto.randomUUID() };
  if (base !== undefined) {
    const { removed, changed } = manifestDifference(base.manifest, manifest);
    if (removed.length + changed.length < manifest.entries.length) {
      const digest = await manifestDigest(manifest);
      return { ...common, difference: { base: base.digest, digest, removed, changed } };
    }
  }
  return { ...common, manifest };
}

/** Reports what goes on when all is looked at once more: that it was read is known. */
function again(report: (event: PushEvent) => void): (event: PushEvent) => void {
  return (event) => {
    if (event.kind !== "scanned") report(event);
  };
}

function chunksOf(manifest: Manifest | undefined): ReadonlySet<string> {
  const digests = new Set<string>();
  for (const entry of manifest?.entries ?? []) {
    if (entry.type === "file") { for (const { digest } of entry.chunks) digests.add(digest); }
  }
  return digests;
}

function noDockerfile(path: string): MyPaasError {
  return new UsageError(`Cannot read "${path}": there is no such file in the context`, {
    hint: "Run this in the folder that has the Dockerfile, or give its path.",
  });
}
