/** Does what is given for one key in turn, one at a time, however the one before ended. */
export class Turns {
  /** The end of what is done, by key. */
  readonly #ends = new Map<string, Promise<unknown>>();

  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#ends.get(key) ?? Promise.resolve()).then(work);
    const end = turn.catch(() => {}).then(() => {
      if (this.#ends.get(key) === end) this.#ends.delete(key);
    });
    this.#ends.set(key, end);
    return turn;
  }
}
