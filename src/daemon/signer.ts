import type { KeyPair } from "../auth/keys.ts";
import { encodeLine } from "../wire/lines.ts";
import { type Answer, toResponse } from "../wire/error_body.ts";
import { type ProofContext, proveEvent, signAnswer } from "../auth/proof.ts";

/** The accepted request that an answer belongs to; undefined over daemon.sock, where nothing is signed. */
export type Asked = Omit<ProofContext, "serverId"> | undefined;

/** Signs what the daemon answers, bound to the request. */
export class Signer {
  readonly #serverId: string;
  readonly #key: KeyPair;

  constructor(serverId: string, key: KeyPair) {
    this.#serverId = serverId;
    this.#key = key;
  }

  async signed({ status, contentType, body }: Answer, asked: Asked): Promise<Response> {
    if (asked === undefined) return toResponse({ status, contentType, body });
    return toResponse({ status, contentType, body }, await signAnswer({ status, body }, this.#context(asked)));
  }

  /** Writes objects as lines of JSON, and proves those that matter. Cancelling the stream ends the source. */
  lines(objects: AsyncIterable<object>, asked: Asked): ReadableStream<Uint8Array> {
    const iterator = this.#withProof(objects, asked);
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(encodeLine(value));
      },
      async cancel() {
        await iterator.return(undefined);
      },
    }, { highWaterMark: 0 });
  }

  async *#withProof(objects: AsyncIterable<object>, asked: Asked): AsyncGenerator<object> {
    for await (const object of objects) {
      if (asked === undefined || !isProved(object)) yield object;
      else yield { ...object, proof: await proveEvent(object, this.#context(asked)) };
    }
  }

  #context(asked: NonNullable<Asked>): ProofContext & { readonly key: KeyPair } {
    return { ...asked, serverId: this.#serverId, key: this.#key };
  }
}

/**
 * The kinds of lines that are proved: those after which nothing comes, and `accepted`, because a client that attaches
 * again must know that the deploy it follows is its own.
 */
const PROVED_KINDS: ReadonlySet<unknown> = new Set(["accepted", "live", "failed", "planned", "done", "end"]);

function isProved(object: object): boolean {
  return "kind" in object && PROVED_KINDS.has(object.kind);
}
