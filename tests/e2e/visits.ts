import { messageOf } from "../../src/error.ts";
import { ticks } from "../../src/wait.ts";
import { type Door, type Page, visit } from "./visitor.ts";

/** A visit of a page, with what came of it. */
export interface Seen {
  readonly url: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly page: Page | undefined;
  /** In one word or two: the text of an answer 200, the status of another and where it leads, or why there was none. */
  readonly outcome: string;
}

/** Visitors that ask for some pages again and again, each time over a new connection, without waiting for one another. */
export class Visits {
  readonly #door: Door;
  readonly #stop = new AbortController();
  readonly #visits: Promise<Seen>[] = [];
  readonly #ended: Promise<void>;

  /** @param perSecond visits of each page */
  constructor(door: Door, { urls, perSecond = 15 }: { readonly urls: readonly string[]; readonly perSecond?: number }) {
    this.#door = door;
    this.#ended = this.#run(urls, 1000 / perSecond);
  }

  async #run(urls: readonly string[], intervalMs: number): Promise<void> {
    for await (const _ of ticks(intervalMs, this.#stop.signal)) {
      for (const url of urls) this.#visits.push(this.#see(url));
    }
  }

  async #see(url: string): Promise<Seen> {
    const at = Date.now();
    try {
      const page = await visit(this.#door, url);
      const outcome = page.status === 200 ? page.text : `${page.status} ${page.location ?? ""}`.trim();
      return { url, at, page, outcome };
    } catch (error) {
      return { url, at, page: undefined, outcome: messageOf(error) };
    }
  }

  /** Ends the visits, waits for those that wait, and tells what they saw, in the order in which they began. */
  async stop(): Promise<readonly Seen[]> {
    this.#stop.abort();
    await this.#ended;
    return await Promise.all(this.#visits);
  }
}
