import type { NonceStore } from "../../src/auth/nonces.ts";

/** Used nonces in memory, with the second at which each may be forgotten. */
export class MemoryNonces implements NonceStore {
  readonly used = new Map<string, number>();

  use(keyId: string, nonce: string, expires: number): boolean {
    const name = `${keyId} ${nonce}`;
    if (this.used.has(name)) return false;
    this.used.set(name, expires);
    return true;
  }

  forgetNonces(now: number): void {
    for (const [name, expires] of this.used) if (expires < now) this.used.delete(name);
  }
}
