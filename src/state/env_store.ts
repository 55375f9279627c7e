import type { EnvStore, StoredVariable } from "../daemon/env_values.ts";
import type { EnvVariable } from "../service/spec.ts";
import type { Database } from "./database.ts";
import { text } from "./release_store.ts";

/** The stored environment of every service in SQLite, as plain text: the database is root's alone. */
export class SqliteEnvStore implements EnvStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  values(service: string): readonly StoredVariable[] {
    return this.#database.all("SELECT * FROM env_values WHERE service = ? ORDER BY name", service).map((row) => ({
      name: text(row, "name"),
      value: text(row, "value"),
      setBy: text(row, "set_by"),
      setAt: text(row, "set_at"),
    }));
  }

  change(
    service: string,
    { set, unset, by, at }: {
      readonly set: readonly EnvVariable[];
      readonly unset: readonly string[];
      readonly by: string;
      readonly at: string;
    },
  ): void {
    this.#database.transaction(() => {
      for (const { name, value } of set) {
        this.#database.run(
          `INSERT INTO env_values (service, name, value, set_by, set_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at`,
          service,
          name,
          value,
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
