interface Entry {
  readonly name: string;
  readonly start: () => void;
}

/** What was given for one key and is not done. */
interface Line {
  readonly running: Set<Entry>;
  readonly waiting: Set<Entry>;
}

/** Does what is given to it in the order in which it was given, kept apart by key: one at a time unless told otherwise. */
export class Queue {
  readonly #width: number;
  readonly #lines = new Map<string, Line>();

  /** @param width how many of one key go on at the same time */
  constructor(width = 1) {
    this.#width = width;
  }

  /** All that was given and is not done, waiting or under way. */
  get names(): readonly string[] {
    return [...this.#lines.values()].flatMap((line) => [...line.running, ...line.waiting].map(({ name }) => name));
  }

  /** What the next one would have to wait for: the one given last; undefined when it starts at once. */
  behind(key: string): string | undefined {
    const line = this.#lines.get(key);
    if (line === undefined || line.running.size < this.#width) return undefined;
    return [...line.running, ...line.waiting].at(-1)?.name;
  }

  /**
   * Runs `work` after what was given for this key before, however that ended.
   *
   * @param signal aborted while it waits, it leaves the line and rejects with the reason; `work` is not called then
   */
  run<T>(key: string, name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const done = this.#run(key, { name, work, signal });
    // Whoever gave it need not look how it ends.
    done.catch(() => {});
    return done;
  }

  async #run<T>(
    key: string,
    { name, work, signal }: {
      readonly name: string;
      readonly work: () => Promise<T>;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<T> {
    signal?.throwIfAborted();
    const line = this.#lines.get(key) ?? { running: new Set(), waiting: new Set() };
    this.#lines.set(key, line);
    const turn = Promise.withResolvers<void>();
    const entry = { name, start: turn.resolve };
    const leave = () => turn.reject(signal?.reason);
    signal?.addEventListener("abort", leave, { once: true });
    line.waiting.add(entry);
    this.#advance(line);
    try {
      await turn.promise;
      return await work();
    } finally {
      signal?.removeEventListener("abort", leave);
      line.waiting.delete(entry);
      line.running.delete(entry);
      this.#advance(line);
      if (line.running.size === 0 && this.#lines.get(key) === line) this.#lines.delete(key);
    }
  }

  #advance({ running, waiting }: Line): void {
    for (const entry of waiting) {
      if (running.size >= this.#width) return;
      waiting.delete(entry);
      running.add(entry);
      entry.start();
    }
  }
}
