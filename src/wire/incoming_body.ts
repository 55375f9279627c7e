import { UsageError } from "../error.ts";
import { Deadline } from "../wait.ts";

/** How much of a body is read, and for how long. */
export interface BodyLimits {
  readonly bytes: number;
  readonly ms: number;
}

/** A body is longer, or slower, than it may be. */
export class BodyRefused extends UsageError {}

/** A body is not there as a whole, or was sent in a way that nobody can read. */
export class BodyBroken extends UsageError {}

/** The most that is read of what nobody wants, in bytes. */
const MOST_DRAINED_BYTES = 64 << 20;

/**
 * A request's body, passed on as it comes within its limits. Whoever stops reading it early does not close it: the rest
 * is thrown away by `drain`, because a client that is still sending when the answer comes sees a broken pipe instead of
 * the answer.
 */
export class IncomingBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #limits: BodyLimits;
  readonly #deadline: Deadline;
  #bytes = 0;
  #refused: BodyRefused | BodyBroken | undefined;
  #ended = false;

  constructor(body: ReadableStream<Uint8Array>, limits: BodyLimits) {
    this.#reader = body.getReader();
    this.#limits = limits;
    this.#deadline = new Deadline(limits.ms, this.#giveUp);
  }

  /** The body for somebody who wants a stream. Each stream on the way costs time for every part. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const part = await this.#next();
        if (part === undefined) controller.close();
        else controller.enqueue(part);
      },
    }, { highWaterMark: 0 });
  }

  /** The body part by part. */
  async *parts(): AsyncGenerator<Uint8Array, void, void> {
    for (let part = await this.#next(); part !== undefined; part = await this.#next()) yield part;
  }

  /** The body whole; the limits are what it can take of memory. */
  async whole(): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    for await (const part of this.parts()) parts.push(part);
    const all = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** Why the stream failed. */
  get refused(): BodyRefused | BodyBroken | undefined {
    return this.#refused;
  }

  /**
   * Reads what is left, for so many milliseconds and not without an end, and throws it away. Never fails. What is over the
   * limit is read as well: who sends it is to hear so.
   */
  async drain(ms = this.#limits.ms): Promise<void> {
    using _patience = new Deadline(ms, this.#giveUp);
    using _deadline = this.#deadline;
    try {
      for (let bytes = 0; !this.#ended && bytes < MOST_DRAINED_BYTES;) bytes += (await this.#read())?.length ?? 0;
    } catch {
      // It broke off.
    }
    if (!this.#ended) this.#giveUp();
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#refused !== undefined) throw this.#refused;
    let part: Uint8Array | undefined;
    try {
      part = await this.#read();
    } catch (cause) {
      // A chunk that is none, or a connection that ended.
      throw this.#refused = cause instanceof BodyRefused
        ? cause
        : new BodyBroken("Cannot read the body of the request: it broke off", { cause });
    }
    this.#bytes += part?.length ?? 0;
    if (this.#deadline.over) this.#refuse(`it took longer than ${this.#limits.ms / 1000} s`);
    if (this.#bytes > this.#limits.bytes) this.#refuse(`it is longer than ${this.#limits.bytes} bytes`);
    return part;
  }

  async #read(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#reader.read();
    this.#ended = done;
    if (done) this.#deadline[Symbol.dispose]();
    return value;
  }

  #refuse(reason: string): never {
    this.#refused = new BodyRefused(`Cannot read the body of the request: ${reason}`);
    throw this.#refused;
  }

  readonly #giveUp = () => void this.#reader.cancel().catch(() => {});
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
