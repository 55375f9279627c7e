import { AuthError } from "../error.ts";
import type { VerifiedRequest } from "./request_signature.ts";
import { VALID_SECONDS } from "./request_signature.ts";

/** Remembers the nonces of requests. `src/state` implements it. */
export interface NonceStore {
  /**
   * Uses a nonce of a key, in one step.
   *
   * @param expires seconds since 1970; it may be forgotten afterwards
   * @returns false when that key used it before
   */
  use(keyId: string, nonce: string, expires: number): boolean;
}

/**
 * Accepts a verified request once. A request is valid from `VALID_SECONDS` before to `VALID_SECONDS` after the time it
 * says it was made, so its nonce is kept until that is over: twice that long at most.
 *
 * @throws {AuthError} when it was accepted before
 */
export function refuseReplay(store: NonceStore, { keyId, nonce, created }: VerifiedRequest): void {
  if (!store.use(keyId, nonce, created + VALID_SECONDS)) {
    throw new AuthError("Cannot accept the request: it was sent before", {
      hint: "Run the command again: each request is signed for one use.",
    });
  }
}
