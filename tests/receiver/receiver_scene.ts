import { Connection } from "../../src/client/connection.ts";
import { sha256 } from "../../src/host/hash.ts";
import { zstdCompress, zstdDecompress } from "../../src/host/zstd.ts";
import {
  type Gate,
  RECEIVER_LIMITS,
  receiverHandler,
  type ReceiverLimits,
} from "../../src/receiver/receiver_handler.ts";
import { UPLOAD_LIMITS, uploadHandler } from "../../src/receiver/upload_handler.ts";
import { encodeFrame } from "../../src/wire/frames.ts";
import { HandlerTransport, type TestHandler } from "../fakes/handler_transport.ts";
import { MemoryBlobs } from "../fakes/memory_blobs.ts";
import { MemoryGate } from "../fakes/memory_gate.ts";

export const NOW = new Date("2026-11-22T10:00:00Z");
export const CONTENT = new TextEncoder().encode("FROM busybox\n");

export function receiver(
  gate: Gate,
  limits: Partial<ReceiverLimits> = {},
): { readonly store: MemoryBlobs; readonly handler: TestHandler } {
  const store = new MemoryBlobs();
  const room = { take: () => Promise.resolve() };
  const quotas = { maxContext: 1e9, maxFiles: 1000 };
  const uploads = uploadHandler({
    store,
    room,
    quotas,
    digest: sha256,
    decompress: zstdDecompress,
    limits: UPLOAD_LIMITS,
  });
  const serverId = "0123456789abcdef0123456789abcdef";
  const parts = { gate, uploads, putBytes: UPLOAD_LIMITS.putBytes, serverId, version: "0.1.0", now: () => NOW };
  return { store, handler: receiverHandler({ ...parts, limits: { ...RECEIVER_LIMITS, ...limits } }) };
}

/** A gate of one function. */
export function gateOf(answer: (request: Request) => Promise<Response> | Response): Gate {
  return { send: async (path, init) => await answer(new Request(`http://gate${path}`, init)) };
}

export function laptop(gate: MemoryGate, handler: TestHandler): Connection {
  return new Connection(new HandlerTransport(handler), gate.trust, () => new Date());
}

export function frames(...contents: readonly Uint8Array<ArrayBuffer>[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(
    contents.map((content) => encodeFrame(content, { digest: sha256(content), compress: zstdCompress })),
  );
}

export function get(path: string, headers: HeadersInit = {}): Request {
  return new Request(`http://paas.example${path}`, { headers });
}
