import type { KeyPair } from "../auth/keys.ts";
import { proveEvent, signAnswer } from "../auth/proof.ts";

/** Signs what the daemon answers, bound to the nonce of the request. */
export class Signer {
  readonly #serverId: string;
  readonly #key: KeyPair["privateKey"];

  constructor(serverId: string, key: KeyPair["privateKey"]) {
    this.#serverId = serverId;
    this.#key = key;
  }

  /** @param nonce undefined for an answer over daemon.sock, or to a request that was not authenticated: left unsigned */
  async signed(response: Response, nonce: string | undefined): Promise<Response> {
    if (nonce === undefined) return response;
    const body = new Uint8Array(await response.arrayBuffer());
    const headers = new Headers(response.headers);
    const signature = await signAnswer({ status: response.status, body, nonce, serverId: this.#serverId }, this.#key);
    for (const [name, value] of Object.entries(signature)) headers.set(name, value);
    return new Response(body, { status: response.status, headers });
  }

  /** Writes objects as lines of JSON; the last one is proved. Ending the stream ends the source. */
  lines(objects: AsyncIterable<object>, nonce: string | undefined): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    const iterator = this.#withProof(objects, nonce)[Symbol.asyncIterator]();
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(encoder.encode(`${value}\n`));
      },
      async cancel() {
        await iterator.return?.(undefined);
      },
    }, { highWaterMark: 0 });
  }

  async *#withProof(objects: AsyncIterable<object>, nonce: string | undefined): AsyncGenerator<string> {
    let held: object | undefined;
    for await (const object of objects) {
      if (isLast(object)) {
        held = object;
        break;
      }
      yield JSON.stringify(object);
    }
    if (held === undefined) return;
    if (nonce === undefined) yield JSON.stringify(held);
    else yield await proveEvent(held, { nonce, serverId: this.#serverId }, this.#key);
  }
}

/** The kinds of lines after which nothing comes. */
const LAST_KINDS: ReadonlySet<unknown> = new Set(["live", "failed", "planned", "end"]);

function isLast(object: object): boolean {
  return "kind" in object && LAST_KINDS.has(object.kind);
}
