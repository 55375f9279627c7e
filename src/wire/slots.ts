import { whenBodyEnds } from "./incoming_body.ts";

/** How many requests are under way at once, in all and from one address. */
export interface SlotLimits {
  readonly requests: number;
  readonly requestsPerAddress: number;
}

/** Counts the requests under way, so that one client cannot keep the others out. */
export class Slots {
  readonly #limits: SlotLimits;
  readonly #byAddress = new Map<string, number>();
  #taken = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /**
   * Takes a place for a request.
   *
   * @returns what gives it back (more than once does no harm), or undefined when there is none left
   */
  take(address: string): (() => void) | undefined {
    const own = this.#byAddress.get(address) ?? 0;
    if (this.#taken >= this.#limits.requests || own >= this.#limits.requestsPerAddress) return undefined;
    this.#taken++;
    this.#byAddress.set(address, own + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#taken--;
      const left = (this.#byAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#byAddress.delete(address);
      else this.#byAddress.set(address, left);
    };
  }
}

/** Answers a request, and gives its place back when the answer was sent to its end, or nobody wants it any more. */
export async function holding(
  release: () => void,
  request: Request,
  answer: () => Promise<Response>,
): Promise<Response> {
  request.signal.addEventListener("abort", release, { once: true });
  try {
    const response = await answer();
    if (response.body !== null) return new Response(whenBodyEnds(response.body, release), response);
    release();
    return response;
  } catch (error) {
    release();
    throw error;
  }
}
