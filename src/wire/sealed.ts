import * as v from "valibot";
import { publicKey } from "./fields.ts";
import { MAX_SEALED_CHARACTERS } from "./limits.ts";

/** A secret that only one reader can open; see `src/auth/seal.ts`. */
export interface SealedValue {
  /** Raw X25519 public key, base64url: made for this one value. */
  readonly sender: string;
  /** AES-256-GCM ciphertext with its tag, base64url. */
  readonly box: string;
}

export const sealedValue: v.GenericSchema<unknown, SealedValue> = v.strictObject({
  sender: publicKey,
  box: v.pipe(
    v.string(),
    v.regex(/^[\w-]*$/, "must be base64url"),
    v.maxLength(MAX_SEALED_CHARACTERS, `must be at most ${MAX_SEALED_CHARACTERS} characters`),
  ),
});
