import type { CertificateOrder, OrderStore } from "../daemon/certificate_orders.ts";
import type { Database } from "./database.ts";
import { text } from "./release_store.ts";

/** Orders that have led to no certificate, in SQLite: an authority counts failures also while the daemon starts again. */
export class SqliteOrderStore implements OrderStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  order(domain: string): CertificateOrder | undefined {
    const row = this.#database.get("SELECT tries, not_before FROM certificate_orders WHERE domain = ?", domain);
    return row && { tries: Number(row["tries"]), notBefore: text(row, "not_before") };
  }

  note(domain: string, { tries, notBefore }: CertificateOrder): void {
    this.#database.run(
      "INSERT OR REPLACE INTO certificate_orders (domain, tries, not_before) VALUES (?, ?, ?)",
      domain,
      tries,
      notBefore,
    );
  }

  forget(domain: string): void {
    this.#database.run("DELETE FROM certificate_orders WHERE domain = ?", domain);
  }
}
