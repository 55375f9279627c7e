import { MyPaasError } from "../error.ts";
import type { Answer } from "../wire/error_body.ts";

/** A list of many thousand releases or digests fits. */
const MAX_ANSWER_BYTES = 16 << 20;

/** An answer, read whole. */
export interface ReadAnswer extends Answer {
  readonly headers: Headers;
}

/**
 * Reads an answer that is not a stream.
 *
 * @throws {MyPaasError} when it is longer than any answer is
 */
export async function readAnswer({ status, headers, body }: Response): Promise<ReadAnswer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) {
      throw new MyPaasError(`Cannot read the answer: it is longer than ${MAX_ANSWER_BYTES} bytes`);
    }
    parts.push(part);
  }
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  return { status, headers, contentType: headers.get("content-type"), body: whole };
}
