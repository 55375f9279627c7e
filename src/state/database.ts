import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { messageOf, MyPaasError } from "../error.ts";
import { ENCRYPTED_FROM, MIGRATIONS } from "./migrations.ts";
import { StateKey } from "./state_key.ts";

/** A row as SQLite gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** Somewhat more than the log takes until SQLite begins it again: 1000 pages of 4 KiB. */
const RESERVE_BYTES = 4_500_000;

/**
 * The server's SQLite database: opened with write-ahead log and full sync, so that what a call wrote survives a power
 * cut when the call returns, and migrated to the newest schema.
 */
export class Database implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** For the columns that hold secrets. Its file lies beside the database's: `state.key`. */
  readonly key: StateKey;

  /**
   * @param path file of the database, in a folder of mode 0700; `:memory:` in tests
   * @throws {MyPaasError} when it cannot be opened, or was written by a newer version
   */
  constructor(path: string) {
    try {
      if (path !== ":memory:") closeToOthers(path);
      this.#database = new DatabaseSync(path);
      this.#database.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; PRAGMA secure_delete = ON",
      );
    } catch (error) {
      throw stateError(`open the state ${path}`, error);
    }
    const version = schemaOf(this.#database);
    checkSchema(version, path);
    this.key = path === ":memory:" ? StateKey.random() : StateKey.ofFile(keyPath(path), version < ENCRYPTED_FROM);
    this.#migrate(path, version);
  }

  /** Runs one statement that changes something. */
  run(sql: string, ...values: readonly SQLInputValue[]): { readonly changes: number } {
    try {
      return { changes: Number(this.#prepare(sql).run(...values).changes) };
    } catch (error) {
      throw stateError("write the state", error);
    }
  }

  /** The same for what may be lost when the power goes: it is on the disk with the next change by `run`. */
  runLoosely(sql: string, ...values: readonly SQLInputValue[]): { readonly changes: number } {
    this.#database.exec("PRAGMA synchronous = NORMAL");
    try {
      return this.run(sql, ...values);
    } finally {
      this.#database.exec("PRAGMA synchronous = FULL");
    }
  }

  /** The first row that a statement gives, which may be one that changes something. */
  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    try {
      return this.#prepare(sql).get(...values);
    } catch (error) {
      throw stateError(sql.startsWith("SELECT") ? "read the state" : "write the state", error);
    }
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    try {
      return this.#prepare(sql).all(...values);
    } catch (error) {
      throw stateError("read the state", error);
    }
  }

  /**
   * Makes the files as long as they will ever be used to be, so that a disk that fills up later takes a deploy's few
   * writes to its end: SQLite writes its log from the start again where it is long enough, and uses free pages again.
   */
  reserve(): void {
    const drop = "DROP TABLE IF EXISTS reserve";
    try {
      // Two transactions: what is written and dropped in one is never written.
      this.#database.exec(`${drop}; BEGIN; CREATE TABLE reserve (bytes BLOB)`);
      this.#database.exec(`INSERT INTO reserve VALUES (zeroblob(${RESERVE_BYTES})); COMMIT`);
      this.#database.exec(`${drop}; PRAGMA wal_checkpoint(FULL); PRAGMA shrink_memory`);
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw stateError("reserve space for the state", error);
    }
  }

  /** All of it or nothing. `work` is synchronous, so nothing else can get in between. */
  transaction<T>(work: () => T): T {
    this.run("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.run("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #migrate(path: string, version: number): void {
    if (version > 0 && version < MIGRATIONS.length && path !== ":memory:") this.#copyTo(copyPath(path));
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < version) continue;
      this.transaction(() => {
        this.#database.exec(sql);
        if (index + 1 === ENCRYPTED_FROM) this.#encryptOld();
        this.#database.exec(`PRAGMA user_version = ${index + 1}`);
      });
    }
  }

  /** What an earlier version has written as it is. */
  #encryptOld(): void {
    const columns = [["env_values", "value"], ["registries", "password"], ["releases", "env"]] as const;
    for (const [table, column] of columns) {
      for (const row of this.all(`SELECT rowid AS id, ${column} AS text FROM ${table}`)) {
        const text = this.key.encrypt(String(row["text"]));
        this.run(`UPDATE ${table} SET ${column} = ? WHERE rowid = ?`, text, Number(row["id"]));
      }
    }
  }

  /** An upgrade that fails goes back to it: the program from before does not know the new schema. */
  #copyTo(path: string): void {
    try {
      copyInto(this.#database, path);
    } catch (error) {
      throw stateError(`keep a copy of the state ${path}`, error);
    }
  }
}

/**
 * Copies a state to a file, as it is at this moment; who has it open may go on writing.
 *
 * @param path as of the constructor
 */
export function copyState(path: string, to: string): void {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    database.exec("PRAGMA busy_timeout = 5000");
    copyInto(database, to);
  } catch (error) {
    throw stateError(`copy the state ${path}`, error);
  } finally {
    database?.close();
  }
}

/** On the disk when it returns, for root alone. */
function copyInto(database: DatabaseSync, path: string): void {
  const unfinished = `${path}.new`;
  // SQLite writes into a file that is there when it is empty, so that its mode is ours.
  Deno.openSync(unfinished, { write: true, create: true, truncate: true, mode: 0o600 }).close();
  database.exec(`VACUUM INTO '${unfinished.replaceAll("'", "''")}'`);
  using copy = Deno.openSync(unfinished);
  copy.syncSync();
  Deno.renameSync(unfinished, path);
}

/** Where the key of a state is. */
export function keyPath(path: string): string {
  return path.replace(/(\.db)?$/, ".key");
}

/** Where the state is kept as it was before its schema was last changed. */
export function copyPath(path: string): string {
  return `${path}.before`;
}

/** Puts that copy in the place of the state, where there is one. Nobody may have the state open. */
export async function restoreCopy(path: string): Promise<void> {
  try {
    await Deno.lstat(copyPath(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  // The log first: SQLite would take it for one of the copy.
  for (const beside of [`${path}-wal`, `${path}-shm`]) {
    await Deno.remove(beside).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
  await Deno.rename(copyPath(path), path);
}

/**
 * Makes sure that this program knows the schema of a state, without changing it. No state at all is right too.
 *
 * @throws {MyPaasError} when it was written by a newer version
 */
export async function checkState(path: string): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    checkSchema(schemaOf(database), path);
  } catch (error) {
    throw stateError(`read the state ${path}`, error);
  } finally {
    database?.close();
  }
}

function schemaOf(database: DatabaseSync): number {
  return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
}

function checkSchema(version: number, path: string): void {
  if (version <= MIGRATIONS.length) return;
  throw new MyPaasError(
    `Cannot use the state ${path}: a newer version of MyPaas wrote it (schema ${version}, this one knows ${MIGRATIONS.length})`,
    { hint: "Install that version again: mypaas upgrade." },
  );
}

/**
 * Makes the database, and what a killed daemon has left of it, readable for root alone before secrets are written: it
 * holds environments, passwords and invites. SQLite gives the files that it makes beside it the same mode.
 */
function closeToOthers(path: string): void {
  Deno.openSync(path, { append: true, create: true, mode: 0o600 }).close();
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      Deno.chmodSync(file, 0o600);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

const CHECK_FOLDER = "Check that its folder exists and is writable: mypaas init mends it.";

/**
 * Turns a failure of SQLite into a sentence. `node:sqlite` gives one code for all, so full, read-only and busy are told
 * apart by SQLite's own texts (sqlite3_errstr), and those of the system's that Deno gives (strerror).
 */
function stateError(action: string, error: unknown): unknown {
  const text = messageOf(error);
  const known: readonly (readonly [string, string, string])[] = [
    ["database or disk is full", "the disk is full", "Free some space: df -h."],
    ["No space left on device", "the disk is full", "Free some space: df -h."],
    ["disk I/O error", "the disk does not work", "Look for its errors: dmesg."],
    ["Read-only file system", "the disk is mounted read-only", "Look for its errors: dmesg."],
    [
      "attempt to write a readonly database",
      "the database is read-only",
      "Check who owns the file, and whether the disk is mounted read-only.",
    ],
    ["database is locked", "another process holds the database", "Check that only one daemon runs."],
    ["unable to open database file", "the file cannot be opened", CHECK_FOLDER],
    ["No such file or directory", "the file cannot be opened", CHECK_FOLDER],
    ["file is not a database", "the file is not a database", "Restore it from a backup."],
  ];
  const found = known.find(([pattern]) => text.includes(pattern));
  if (found === undefined) return error;
  return new MyPaasError(`Cannot ${action}: ${found[1]}`, { hint: found[2], cause: error });
}
