import type { EnvStore, StoredVariable } from "../daemon/env_values.ts";
import type { EnvVariable } from "../service/spec.ts";
import type { Database } from "./database.ts";
import { text } from "./release_store.ts";

/** The stored environment of every service in SQLite, encrypted. */
export class SqliteEnvStore implements EnvStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  values(service: string): readonly StoredVariable[] {
    return this.#database.all("SELECT * FROM env_values WHERE service = ? ORDER BY name", service).map((row) => ({
      name: text(row, "name"),
      value: this.#database.key.decrypt(text(row, "value")),
      secret: row["secret"] === 1,
      setBy: text(row, "set_by"),
      setAt: text(row, "set_at"),
    }));
  }

  change(
    service: string,
    { set, unset, secret = false, by, at }: {
      readonly set: readonly EnvVariable[];
      readonly unset: readonly string[];
      readonly secret?: boolean;
      readonly by: string;
      readonly at: string;
    },
  ): void {
    this.#database.transaction(() => {
      for (const { name, value } of set) {
        this.#database.run(
          `INSERT INTO env_values (service, name, value, secret, set_by, set_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET value = excluded.value, secret = max(secret, excluded.secret), set_by = excluded.set_by, set_at = excluded.set_at`,
          service,
          name,
          this.#database.key.encrypt(value),
          secret ? 1 : 0,
          by,
          at,
        );
      }
      for (const name of unset) {
        this.#database.run("DELETE FROM env_values WHERE service = ? AND name = ?", service, name);
      }
    });
  }
}
