import { STATUS_CODE } from "@std/http/status";
import { UsageError } from "../error.ts";
import { errorAnswer, toResponse } from "../wire/error_body.ts";
import { IncomingBody } from "../wire/incoming_body.ts";
import { holding, type SlotLimits, Slots } from "../wire/slots.ts";

/** How much the gate takes on. The receiver's own limits are below: only one that was taken over meets these. */
export interface GateLimits {
  /** Requests under way at once, streams included. */
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** So many may come at once after a time without any. */
  readonly burst: number;
}

export const GATE_LIMITS: GateLimits = { requests: 128, requestsPerSecond: 500, burst: 2000 };

/** How long the rest of a body that nobody wants is read, in milliseconds. */
export const UNWANTED_BODY_MS = 2000;

type Handler = (request: Request) => Promise<Response>;

export interface GateLimitParts {
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Called when requests begin to be refused; then at most once a minute. */
  readonly onRefused: (sentence: string) => void;
  readonly limits?: GateLimits;
}

const TOLD_MS = 60_000;

/** Hands requests on within the limits, and answers 429 to the others before anything of them is looked at. */
export function limitedGate(handler: Handler, { clock, onRefused, limits = GATE_LIMITS }: GateLimitParts): Handler {
  const slots = new Slots(slotLimits(limits));
  const rate = new Rate(limits, clock);
  let toldAt = -Infinity;
  return async (request) => {
    const release = rate.take() ? slots.take(GATE) : undefined;
    if (release === undefined) {
      const refusal = new UsageError("Cannot take the request: the daemon has too many", {
        hint: "Try again in a moment.",
      });
      if (clock() - toldAt >= TOLD_MS) {
        toldAt = clock();
        onRefused(refusal.message);
      }
      await readOn(request);
      return toResponse(errorAnswer(refusal, STATUS_CODE.TooManyRequests));
    }
    return await holding(release, request, () => handler(request));
  };
}

/**
 * Reads what is left of a body that nobody has begun to read, and throws it away. A peer that is still sending when the
 * answer comes sees a broken connection instead of the answer.
 */
export async function readOn({ body }: Request): Promise<void> {
  if (body === null || body.locked) return;
  await new IncomingBody(body, { bytes: Infinity, ms: UNWANTED_BODY_MS }).drain();
}

/** All come from the receiver. */
const GATE = "gate";

function slotLimits({ requests }: GateLimits): SlotLimits {
  return { requests, requestsPerAddress: requests };
}

/** A bucket that holds `burst` tokens and gets `requestsPerSecond` new ones each second. */
class Rate {
  readonly #limits: GateLimits;
  readonly #clock: () => number;
  #tokens: number;
  #at: number;

  constructor(limits: GateLimits, clock: () => number) {
    this.#limits = limits;
    this.#clock = clock;
    this.#tokens = limits.burst;
    this.#at = clock();
  }

  take(): boolean {
    const { burst, requestsPerSecond } = this.#limits;
    const now = this.#clock();
    this.#tokens = Math.min(burst, this.#tokens + (now - this.#at) / 1000 * requestsPerSecond);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
