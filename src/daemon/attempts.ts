import type { Deploy } from "./work.ts";

/** So many attempts are remembered. */
const ATTEMPTS_KEPT = 100;

/** Deploys that were accepted lately, by the attempt that asked for them. */
export class Attempts {
  readonly #find: (id: string) => Deploy | undefined;
  readonly #ids = new Map<string, Promise<string | undefined>>();

  /** @param find the deploy of an id; undefined when its log is gone */
  constructor(find: (id: string) => Deploy | undefined) {
    this.#find = find;
  }

  /**
   * Accepts a deploy, unless the same attempt was accepted already: then it is that one. While it is being accepted, the
   * second request waits for that.
   *
   * @param attempt names who asks as well, so that nobody gets the deploy of somebody else
   */
  async once(attempt: string, accept: () => Promise<Deploy>): Promise<Deploy> {
    for (let known = this.#ids.get(attempt); known !== undefined; known = this.#ids.get(attempt)) {
      const id = await known;
      const deploy = id === undefined ? undefined : this.#find(id);
      if (deploy !== undefined) return deploy;
      if (this.#ids.get(attempt) === known) this.#ids.delete(attempt);
    }
    const accepted = accept();
    this.#ids.set(attempt, accepted.then(({ id }) => id, () => undefined));
    for (const oldest of this.#ids.keys()) {
      if (this.#ids.size <= ATTEMPTS_KEPT) break;
      this.#ids.delete(oldest);
    }
    return await accepted;
  }
}
