import type { AuditLine, AuditLog } from "../daemon/stores.ts";
import type { Database } from "./database.ts";
import { text } from "./release_store.ts";

/** So many lines are kept; the oldest go first. */
const MAX_LINES = 50_000;
/** Of those whose actor is not known so many: whoever is refused over and over must not push out what others did. */
const MAX_UNKNOWN_LINES = 10_000;
/** Trimming looks at the table once in so many lines. */
const TRIM_EVERY = 500;

/** The audit in SQLite, bounded. */
export class SqliteAuditLog implements AuditLog {
  readonly #database: Database;
  #sinceTrim = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  write(line: AuditLine): void {
    this.#database.run(
      "INSERT INTO audit (at, actor, address, action, subject, result) VALUES (?, ?, ?, ?, ?, ?)",
      line.at,
      line.actor,
      line.address,
      line.action,
      line.subject,
      line.result,
    );
    this.#trim();
  }

  refuse(line: AuditLine): void {
    const minute = line.at.slice(0, "2026-01-01T00:00".length);
    const counted = this.#database.run(
      `UPDATE audit SET count = count + 1, subject = ? WHERE id = (
         SELECT id FROM audit WHERE actor = ? AND address = ? AND result = ? AND substr(at, 1, 16) = ?
         ORDER BY id DESC LIMIT 1)`,
      line.subject,
      line.actor,
      line.address,
      line.result,
      minute,
    );
    if (counted.changes === 0) this.write(line);
  }

  lines(limit: number): readonly (AuditLine & { readonly count: number })[] {
    return this.#database.all("SELECT * FROM audit ORDER BY id DESC LIMIT ?", limit).map((row) => ({
      at: text(row, "at"),
      actor: text(row, "actor"),
      address: text(row, "address"),
      action: text(row, "action"),
      subject: text(row, "subject"),
      result: text(row, "result"),
      count: Number(row["count"]),
    }));
  }

  #trim(): void {
    this.#sinceTrim++;
    if (this.#sinceTrim < TRIM_EVERY) return;
    this.#sinceTrim = 0;
    for (const [which, most] of [["=", MAX_UNKNOWN_LINES], ["<>", MAX_LINES]] as const) {
      this.#database.run(
        `DELETE FROM audit WHERE actor ${which} 'unknown' AND id <=
           (SELECT id FROM audit WHERE actor ${which} 'unknown' ORDER BY id DESC LIMIT 1 OFFSET ?)`,
        most,
      );
    }
  }
}
