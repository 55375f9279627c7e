/** A stream whose own failure can be told from a failure of whoever reads it. */
export class WatchedStream {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #left = false;
  failed = false;
  failure: unknown;

  constructor(source: ReadableStream<Uint8Array>) {
    const reader = this.#reader = source.getReader();
    this.stream = new ReadableStream({
      pull: async (controller) => {
        let next: ReadableStreamReadResult<Uint8Array>;
        try {
          next = await reader.read();
        } catch (error) {
          this.failed = true;
          this.failure = error;
          controller.error(error);
          return;
        }
        // An Engine that has refused a build, such as for a full disk, reads no further: a part may be on its way.
        if (this.#left) return;
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: async (reason) => {
        this.#left = true;
        await reader.cancel(reason);
      },
    });
  }

  /** Tells the source that nobody reads on; no effect after its end. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
