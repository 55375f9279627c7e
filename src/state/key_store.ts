import type { NonceStore } from "../auth/nonces.ts";
import { AuthError } from "../error.ts";
import type { KeyStore, StoredInvite, StoredKey } from "../daemon/stores.ts";
import type { Role } from "../wire/role.ts";
import type { Database, Row } from "./database.ts";
import { optionalText, text } from "./release_store.ts";

/** For so long it is said of an invite that it was used or is over, in milliseconds; then nothing is known of it. */
const INVITE_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Keys, invites and used nonces in SQLite. */
export class SqliteKeyStore implements KeyStore, NonceStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  keys(): readonly StoredKey[] {
    return this.#database.all("SELECT * FROM keys ORDER BY created_at, id").map(toKey);
  }

  key(id: string): StoredKey | undefined {
    const row = this.#database.get("SELECT * FROM keys WHERE id = ?", id);
    return row === undefined ? undefined : toKey(row);
  }

  revoke(id: string, at: string): boolean {
    return this.#database.run("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", at, id).changes > 0;
  }

  addInvite(invite: Omit<StoredInvite, "usedAt">): void {
    const { expiresAt } = invite;
    const forgotten = new Date(Date.parse(expiresAt) - INVITE_KEPT_MS).toISOString();
    this.#database.run("DELETE FROM invites WHERE expires_at < ?", forgotten);
    this.#database.run(
      "INSERT INTO invites (id, secret, name, role, scope, created_by, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
      invite.id,
      invite.secret,
      invite.name,
      invite.role,
      JSON.stringify(invite.scope),
      invite.createdBy,
      invite.expiresAt,
    );
  }

  invite(id: string): StoredInvite | undefined {
    const row = this.#database.get("SELECT * FROM invites WHERE id = ?", id);
    if (row === undefined) return undefined;
    return {
      id,
      secret: text(row, "secret"),
      name: text(row, "name"),
      role: text(row, "role") as Role,
      scope: JSON.parse(text(row, "scope")) as readonly string[],
      createdBy: text(row, "created_by"),
      expiresAt: text(row, "expires_at"),
      usedAt: optionalText(row, "used_at"),
    };
  }

  redeem(inviteId: string, key: Omit<StoredKey, "revokedAt">): void {
    this.#database.transaction(() => {
      this.#database.run("UPDATE invites SET used_at = ?, secret = '' WHERE id = ?", key.createdAt, inviteId);
      this.add(key);
    });
  }

  add(key: Omit<StoredKey, "revokedAt">): void {
    const { changes } = this.#database.run(
      `INSERT INTO keys (id, public_key, name, role, scope, created_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET name = excluded.name, role = excluded.role, scope = excluded.scope,
         created_at = excluded.created_at, revoked_at = NULL
       WHERE public_key = excluded.public_key`,
      key.id,
      key.publicKey,
      key.name,
      key.role,
      JSON.stringify(key.scope),
      key.createdAt,
    );
    // An id is 64 bits of a hash: who tries long enough makes another key of the same id.
    if (changes === 0) {
      throw new AuthError(`Cannot register the key: another key is registered under the id "${key.id}"`, {
        hint: "Make a new key: move this one away, and try again.",
      });
    }
  }

  rename(id: string, name: string): void {
    this.#database.run("UPDATE keys SET name = ? WHERE id = ?", name, id);
  }

  replace(oldId: string, key: Omit<StoredKey, "revokedAt">): void {
    this.#database.transaction(() => {
      this.add(key);
      this.revoke(oldId, key.createdAt);
    });
  }

  use(keyId: string, nonce: string, expires: number): boolean {
    return this.#database.run(
      "INSERT INTO nonces (key, nonce, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      keyId,
      nonce,
      expires,
    ).changes > 0;
  }

  /** Forgets nonces that ended before `now` (seconds since 1970). */
  forgetNonces(now: number): void {
    this.#database.run("DELETE FROM nonces WHERE expires_at < ?", now);
  }
}

function toKey(row: Row): StoredKey {
  return {
    id: text(row, "id"),
    publicKey: text(row, "public_key"),
    name: text(row, "name"),
    role: text(row, "role") as Role,
    scope: JSON.parse(text(row, "scope")) as readonly string[],
    createdAt: text(row, "created_at"),
    revokedAt: optionalText(row, "revoked_at"),
  };
}
