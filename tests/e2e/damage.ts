/**
 * Writes over pages in the middle of a SQLite database that nobody has open. The first page, which has the schema, stays.
 *
 * @returns puts the database back when it is disposed
 */
export async function stateDamage(path: string): Promise<AsyncDisposable> {
  const before = await Deno.readFile(path);
  const damaged = before.slice();
  damaged.fill(0x5a, 4096);
  await Deno.writeFile(path, damaged);
  return {
    async [Symbol.asyncDispose]() {
      for (const beside of ["-wal", "-shm"]) await Deno.remove(`${path}${beside}`).catch(() => {});
      await Deno.writeFile(path, before);
    },
  };
}
