/** Does what is given to it one at a time, in the order in which it was given, kept apart by key. */
export class Queue {
  readonly #last = new Map<string, { readonly name: string; readonly done: Promise<unknown> }>();

  /** What the next one would have to wait for; undefined when it starts at once. */
  behind(key: string): string | undefined {
    return this.#last.get(key)?.name;
  }

  /** Runs `work` after everything that was given for this key before, however that ended. */
  run<T>(key: string, name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)?.done ?? Promise.resolve();
    const done = before.then(work, work);
    const entry = { name, done: done.catch(() => {}) };
    this.#last.set(key, entry);
    entry.done.then(() => {
      if (this.#last.get(key) === entry) this.#last.delete(key);
    });
    return done;
  }
}
