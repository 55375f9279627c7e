import type { AuditLine, AuditLog } from "../daemon/stores.ts";
import type { Database } from "./database.ts";
import { text } from "./release_store.ts";

/** So many lines are kept; the oldest go first. */
const MAX_LINES = 50_000;
/** Of those whose actor is not known so many: whoever is refused over and over must not push out what others did. */
const MAX_UNKNOWN_LINES = 10_000;
/** Trimming looks at the table once in so many lines. */
const TRIM_EVERY = 500;
/** No field of a line is longer, in characters. */
const MAX_FIELD_LENGTH = 2000;
/** Refusals of one minute that are counted apart. */
const MAX_COUNTED = 1000;

/** The audit in SQLite, bounded. */
export class SqliteAuditLog implements AuditLog {
  readonly #database: Database;
  #sinceTrim = 0;
  /** Lines of the refusals of this minute by who was refused what: a number each. */
  readonly #counted = new Map<string, number>();
  #minute = "";

  constructor(database: Database) {
    this.#database = database;
  }

  write(line: AuditLine): void {
    this.#insert(line);
  }

  refuse(line: AuditLine): void {
    const minute = line.at.slice(0, "2026-01-01T00:00".length);
    if (minute !== this.#minute || this.#counted.size >= MAX_COUNTED) this.#counted.clear();
    this.#minute = minute;
    const who = JSON.stringify([line.actor, line.address, line.action]);
    const id = this.#counted.get(who);
    if (id !== undefined && this.#countOneMore(id, line)) return;
    this.#counted.set(who, this.#insert(line));
  }

  /** @returns false when the line has been trimmed */
  #countOneMore(id: number, { subject, result }: AuditLine): boolean {
    // Not worth a sync each: a flood would keep the disk from deploys.
    const counted = this.#database.runLoosely(
      "UPDATE audit SET count = count + 1, subject = ?, result = ? WHERE id = ?",
      bounded(subject),
      bounded(result),
      id,
    );
    return counted.changes > 0;
  }

  #insert({ at, actor, address, action, subject, result }: AuditLine): number {
    const fields = [at, actor, address, action, subject, result].map(bounded);
    const row = this.#database.get(
      "INSERT INTO audit (at, actor, address, action, subject, result) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
      ...fields,
    );
    this.#trim();
    return Number(row?.["id"]);
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

function bounded(field: string): string {
  return field.length <= MAX_FIELD_LENGTH ? field : `${field.slice(0, MAX_FIELD_LENGTH - 3)}...`;
}
