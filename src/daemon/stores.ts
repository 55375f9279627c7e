import type { Role } from "../wire/role.ts";

/** A laptop's registered key. */
export interface StoredKey {
  readonly id: string;
  /** Raw ed25519 public key, base64url. */
  readonly publicKey: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: readonly string[];
  readonly createdAt: string;
  readonly revokedAt: string | undefined;
}

export interface StoredInvite {
  readonly id: string;
  readonly secret: string;
  readonly name: string;
  readonly role: Role;
  readonly scope: readonly string[];
  readonly createdBy: string;
  readonly expiresAt: string;
  readonly usedAt: string | undefined;
}

/** Who may use this server. */
export interface KeyStore {
  /** All keys, the oldest first. */
  keys(): readonly StoredKey[];
  key(id: string): StoredKey | undefined;
  /** @returns false when there is no such key, or it is revoked already */
  revoke(id: string, at: string): boolean;
  addInvite(invite: Omit<StoredInvite, "usedAt">): void;
  invite(id: string): StoredInvite | undefined;
  /**
   * Uses an invite up and registers the key, both or neither. Registering a known key again renews its name, role and
   * scope; the caller has checked that who asks has its private key.
   *
   * @throws {AuthError} when another public key has the same id
   */
  redeem(inviteId: string, key: Omit<StoredKey, "revokedAt">): void;
  /**
   * Registers a key; a known one gets a new name, role and scope, and is not revoked any more.
   *
   * @throws {AuthError} when another public key has the same id
   */
  add(key: Omit<StoredKey, "revokedAt">): void;
  rename(id: string, name: string): void;
  /**
   * Registers a key and revokes another at the time the new one is made, both or neither.
   *
   * @throws {AuthError} as `add`
   */
  replace(oldId: string, key: Omit<StoredKey, "revokedAt">): void;
}

/** One line per action. */
export interface AuditLine {
  /** ISO 8601. */
  readonly at: string;
  /** A key's id and name, `root@local`, `root@ssh`, or `unknown`. */
  readonly actor: string;
  /** Where the request came from, as far as that is known. */
  readonly address: string;
  /** A command, such as `deploy`. */
  readonly action: string;
  /** A service, a key, or empty. */
  readonly subject: string;
  /** `ok`, or the sentence of the refusal or failure. */
  readonly result: string;
}

export interface AuditLog {
  write(line: AuditLine): void;
  /**
   * Counts refusals per actor, address, action and minute, with the last reason, so that refusing neither fills the disk
   * nor pushes out what others did.
   */
  refuse(line: AuditLine): void;
  /** The newest first. */
  lines(limit: number): readonly (AuditLine & { readonly count: number })[];
}
