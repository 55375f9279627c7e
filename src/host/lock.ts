/** Holds the lock of a file; the lock ends with `release` or with the process, however that ends. */
export interface FileLock extends Disposable {
  release(): void;
}

/**
 * Takes the exclusive lock of a file, which is made when it is missing: it shows that its owner lives. The file stays, for
 * a lock must not be taken on a file that somebody else removes.
 *
 * @returns undefined when another process (or another lock of this one) holds it
 */
export function tryLock(path: string): FileLock | undefined {
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  try {
    if (file.tryLockSync(true)) return { release: () => file.close(), [Symbol.dispose]: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return undefined;
}
