import type { Tree } from "../../src/archive/tree.ts";
import { Connection } from "../../src/client/connection.ts";
import type { PushResult } from "../../src/client/progress.ts";
import { push } from "../../src/client/push.ts";
import { checkChunks, LackingHere, wholeRequest } from "../../src/daemon/manifests.ts";
import { sha256 } from "../../src/host/hash.ts";
import { pushCacheFolder } from "../../src/host/push_cache.ts";
import { diskTree } from "../../src/host/tree.ts";
import { zstdCompress, zstdDecompress } from "../../src/host/zstd.ts";
import { RECEIVER_LIMITS, receiverHandler } from "../../src/receiver/receiver_handler.ts";
import { UPLOAD_LIMITS, uploadHandler } from "../../src/receiver/upload_handler.ts";
import { parseService } from "../../src/service/parse_service.ts";
import { errorAnswer } from "../../src/wire/error_body.ts";
import { parseDeployMessage } from "../../src/wire/manifest_difference.ts";
import type { DeployRequest } from "../../src/wire/requests.ts";
import { HandlerTransport, type TestHandler } from "../fakes/handler_transport.ts";
import { MemoryBlobs } from "../fakes/memory_blobs.ts";
import { MemoryGate } from "../fakes/memory_gate.ts";
import { MemoryManifests } from "../fakes/memory_manifests.ts";

const LIVE = { kind: "live", service: "blog", release: 1, urls: ["http://a.example/"], seconds: 1, alreadyLive: false };

export interface PushScene extends AsyncDisposable {
  readonly folder: string;
  readonly store: MemoryBlobs;
  readonly manifests: MemoryManifests;
  /** Every deploy that was taken. */
  readonly deploys: readonly DeployRequest[];
  /** Bytes of the requests for a deploy, refused ones included. */
  readonly bodies: readonly number[];
  /** Kinds of the events, without `progress`. */
  readonly events: string[];
  /** `METHOD path` of every request. */
  readonly requests: string[];
  /** The way between client and server; what it throws is how the connection broke. */
  way: (request: Request, handler: TestHandler) => Promise<Response>;
  readonly run: (
    options?: { force?: boolean; dryRun?: boolean; signal?: AbortSignal; tree?: Tree },
  ) => Promise<PushResult>;
}

/** A folder, a receiver with its spool, and a daemon that takes every deploy. */
export async function setUp(
  files: Readonly<Record<string, string | Uint8Array>>,
  end: object = LIVE,
): Promise<PushScene> {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-push-" });
  for (const [path, content] of Object.entries(files)) {
    await Deno.writeFile(
      `${folder}/${path}`,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  }
  const deploys: DeployRequest[] = [];
  const bodies: number[] = [];
  const store = new MemoryBlobs();
  const manifests = new MemoryManifests();
  const source = {
    gone: (service: string, digests: Iterable<string>) =>
      Promise.resolve([...digests].filter((digest) => !store.stored.has(`${service}/${digest}`))),
  };
  const time = "2026-11-22T10:00:00.000Z";
  /** What the daemon does before it accepts. */
  const taken = async (message: ReturnType<typeof parseDeployMessage>) => {
    const request = "difference" in message ? await wholeRequest(message, manifests) : message;
    if (!request.dryRun) await checkChunks(request, source);
    deploys.push(request);
    await manifests.save(request.service, request.manifest);
  };
  const gate = await MemoryGate.make(async (call) => {
    bodies.push(call.body.length);
    try {
      await taken(parseDeployMessage(JSON.parse(new TextDecoder().decode(call.body))));
    } catch (error) {
      if (error instanceof LackingHere) return await call.signed(errorAnswer(error, 409));
      throw error;
    }
    return call.lines([
      { seq: 1, time, kind: "accepted", deploy: "blog.1", service: "blog", release: 1 },
      { seq: 2, time, ...end },
    ]);
  });
  const uploads = uploadHandler({
    store,
    room: { take: () => Promise.resolve() },
    quotas: { maxContext: 1e9, maxFiles: 1000 },
    digest: sha256,
    decompress: zstdDecompress,
    limits: UPLOAD_LIMITS,
  });
  const { serverId } = gate;
  const parts = { gate, uploads, putBytes: UPLOAD_LIMITS.putBytes, serverId, version: "0", now: () => new Date() };
  const handler = receiverHandler({ ...parts, limits: RECEIVER_LIMITS });
  const puts: string[] = [];
  const counting: TestHandler = (request) => {
    puts.push(`${request.method} ${new URL(request.url).pathname}`);
    return scene.way(request, handler);
  };
  const connection = new Connection(new HandlerTransport(counting), gate.trust, () => new Date());
  const events: string[] = [];
  const cache = pushCacheFolder(`${folder}.cache`);
  const run = (
    options: { force?: boolean; dryRun?: boolean; signal?: AbortSignal; tree?: Tree } = {},
  ) =>
    push(
      {
        connection,
        tree: options.tree ?? diskTree(folder),
        folder,
        cache,
        dockerfile: "Dockerfile",
        parseService,
        digest: sha256,
        compress: zstdCompress,
        now: () => Date.now(),
      },
      { force: false, dryRun: false, ...options },
      (event) => {
        if (event.kind !== "progress") events.push(event.kind);
      },
    );
  const dispose = async () => {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(`${folder}.cache`, { recursive: true }).catch(() => {});
  };
  const scene: PushScene = {
    folder,
    run,
    store,
    manifests,
    deploys,
    bodies,
    events,
    requests: puts,
    way: async (request, handler) => await handler(request),
    [Symbol.asyncDispose]: dispose,
  };
  return scene;
}

/** Defines the service `blog`. */
export const DOCKERFILE = "# mypaas.servicename = blog\nFROM busybox\n";
