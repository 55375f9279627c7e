import type { Actor } from "../auth/actor.ts";
import { type NonceStore, refuseReplay } from "../auth/nonces.ts";
import { verifyRequest } from "../auth/request_signature.ts";
import { AuthError } from "../error.ts";
import type { AuditLog, KeyStore, StoredKey } from "./stores.ts";

export interface AuthenticateParts {
  readonly serverId: string;
  readonly keys: Pick<KeyStore, "key">;
  readonly nonces: NonceStore;
  readonly audit: Pick<AuditLog, "refuse">;
  readonly now: () => Date;
}

/** What of a request is signed. */
export interface SignedParts {
  readonly method: string;
  readonly path: string;
  /** With its `?`, or empty. */
  readonly query: string;
  readonly headers: Headers;
  /** Whether the body's digest must be signed. */
  readonly bodyDigest: boolean;
  /** Where the request came from, for the audit. */
  readonly address: string;
}

export interface Authenticated {
  readonly actor: Actor;
  /** What answers are bound to. */
  readonly asked: { readonly keyId: string; readonly nonce: string };
}

/**
 * Finds out who signed a request. A refusal is audited.
 *
 * @throws {AuthError} for an unknown or revoked key, a bad signature, another server, an old or repeated request
 */
export async function authenticate(parts: AuthenticateParts, request: SignedParts): Promise<Authenticated> {
  try {
    const now = parts.now();
    const verified = await verifyRequest(request, {
      serverId: parts.serverId,
      now,
      bodyDigest: request.bodyDigest,
      publicKeyOf: (id) => activeKey(parts, id)?.publicKey,
    });
    refuseReplay(parts.nonces, verified, now);
    const key = activeKey(parts, verified.keyId);
    if (key === undefined) throw new AuthError(`Cannot accept the request: the key "${verified.keyId}" was revoked`);
    const { name, role, scope } = key;
    const { keyId, nonce } = verified;
    return { actor: { kind: "key", id: keyId, name, role, scope }, asked: { keyId, nonce } };
  } catch (error) {
    if (error instanceof AuthError) {
      parts.audit.refuse({
        at: parts.now().toISOString(),
        actor: "unknown",
        address: request.address,
        action: `${request.method} ${request.path}`.slice(0, 200),
        subject: "",
        result: error.message,
      });
    }
    throw error;
  }
}

function activeKey({ keys }: Pick<AuthenticateParts, "keys">, id: string): StoredKey | undefined {
  const key = keys.key(id);
  return key?.revokedAt === undefined ? key : undefined;
}
