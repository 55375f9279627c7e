import { AuthError } from "../error.ts";
import { VALID_SECONDS, type VerifiedRequest } from "./request_signature.ts";

/** Remembers the nonces of requests. `src/state` implements it. */
export interface NonceStore {
  /**
   * Uses a nonce of a key, in one step.
   *
   * @param expires seconds since 1970; it may be forgotten afterwards
   * @returns false when that key used it before
   */
  use(keyId: string, nonce: string, expires: number): boolean;
  /** Forgets nonces that ended before `now` (seconds since 1970). */
  forgetNonces(now: number): void;
}

/** How long after its time a request's nonce is kept: as long as it is valid, and as much again, should a clock be set back. */
const KEPT_SECONDS = 2 * VALID_SECONDS;

/**
 * Accepts a verified request once, and forgets the nonces of those that are over. A request is valid from `VALID_SECONDS`
 * before to `VALID_SECONDS` after the time it says it was made.
 *
 * @throws {AuthError} when it was accepted before
 */
export function refuseReplay(store: NonceStore, { keyId, nonce, created }: VerifiedRequest, now: Date): void {
  store.forgetNonces(Math.floor(now.getTime() / 1000));
  if (!store.use(keyId, nonce, created + KEPT_SECONDS)) {
    throw new AuthError("Cannot accept the request: it was sent before", {
      hint: "Run the command again: each request is signed for one use.",
    });
  }
}
