import { createHash } from "node:crypto";

/** SHA-256 of bytes or of UTF-8 text, as 64 lower-case hex digits. */
export function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** A SHA-256 that is fed part by part. */
export interface RunningHash {
  update(part: Uint8Array): void;
  /** 64 lower-case hex digits; ends the hash. */
  digest(): string;
}

export function runningSha256(): RunningHash {
  const hash = createHash("sha256");
  return { update: (part) => void hash.update(part), digest: () => hash.digest("hex") };
}
