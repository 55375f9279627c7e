import type { RegistryStore } from "../daemon/registries.ts";
import type { RegistryCredential } from "../service/registry.ts";
import type { RegistrySummary } from "../wire/registries.ts";
import type { Database } from "./database.ts";
import { text } from "./release_store.ts";

/** Credentials of registries in SQLite; their passwords are encrypted. */
export class SqliteRegistryStore implements RegistryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  registries(): readonly RegistrySummary[] {
    return this.#database.all("SELECT host, username, set_by, set_at FROM registries ORDER BY host").map((row) => ({
      host: text(row, "host"),
      username: text(row, "username"),
      by: text(row, "set_by"),
      at: text(row, "set_at"),
    }));
  }

  credential(host: string): RegistryCredential | undefined {
    const row = this.#database.get("SELECT username, password FROM registries WHERE host = ?", host);
    return row &&
      { host, username: text(row, "username"), password: this.#database.key.decrypt(text(row, "password")) };
  }

  setCredential({ host, username, password }: RegistryCredential, by: string, at: string): void {
    this.#database.run(
      "INSERT OR REPLACE INTO registries (host, username, password, set_by, set_at) VALUES (?, ?, ?, ?, ?)",
      host,
      username,
      this.#database.key.encrypt(password),
      by,
      at,
    );
  }

  removeCredential(host: string): boolean {
    return this.#database.run("DELETE FROM registries WHERE host = ?", host).changes > 0;
  }
}
