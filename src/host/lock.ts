import { DatabaseSync } from "node:sqlite";

/** Holds a lock, until `release` or the end of the process, however it ends. */
export interface FileLock extends Disposable {
  release(): void;
}

/**
 * Takes the exclusive lock of a file, which is made when it is missing: it shows that its owner lives. The file stays, for
 * whoever removed it would let two have the lock. It is an empty SQLite database, because SQLite is what locks without
 * waiting here: `Deno.FsFile.lock` waits for the other, and there is no `tryLock` in Deno 2.6.
 *
 * @returns undefined when somebody else holds it
 */
export function tryLock(path: string): FileLock | undefined {
  const database = new DatabaseSync(path);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    // node:sqlite has one code for everything.
    if (error instanceof Error && error.message.includes("database is locked")) return undefined;
    throw error;
  }
  return { release: () => database.close(), [Symbol.dispose]: () => database.close() };
}
