import { UsageError } from "../error.ts";

/** A body is longer than it may be. */
export class BodyTooLong extends UsageError {
  constructor(limit: number) {
    super(`Cannot accept the request: its body is longer than ${limit} bytes`);
  }
}

/**
 * Passes a body on as it comes, up to `limit` bytes.
 *
 * @throws {BodyTooLong} in the stream, when more comes
 */
export function limitBody(body: ReadableStream<Uint8Array>, limit: number): ReadableStream<Uint8Array> {
  let seen = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        seen += part.length;
        if (seen > limit) throw new BodyTooLong(limit);
        controller.enqueue(part);
      },
    }),
  );
}

/**
 * Reads a small body whole.
 *
 * @throws {BodyTooLong} when it has more than `limit` bytes
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return new Uint8Array();
  return new Uint8Array(await new Response(limitBody(body, limit)).arrayBuffer());
}

/** Calls `ended` once, when the body has been read to its end, has failed, or nobody wants the rest. */
export function whenBodyEnds(body: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      ended();
    },
    async cancel(reason) {
      ended();
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
