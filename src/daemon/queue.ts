/** Does what is given to it one at a time, in the order in which it was given, kept apart by key. */
export class Queue {
  readonly #last = new Map<string, { readonly name: string; readonly done: Promise<unknown> }>();

  readonly #names = new Set<{ readonly name: string }>();

  /** All that was given and is not done, waiting or under way. */
  get names(): readonly string[] {
    return [...this.#names].map(({ name }) => name);
  }

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
    this.#names.add(entry);
    entry.done.then(() => {
      this.#names.delete(entry);
      if (this.#last.get(key) === entry) this.#last.delete(key);
    });
    return done;
  }
}
