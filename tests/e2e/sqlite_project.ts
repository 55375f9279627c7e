import { CHECKOUT } from "./project.ts";

/**
 * Writes a project whose container writes to an SQLite database in a volume, 100 rows a second and more, each in two
 * tables in one transaction; beside it the test app answers. It begins with some megabytes of rows.
 *
 * @returns the path of its Dockerfile
 */
export async function writeSqliteProject(folder: string): Promise<string> {
  await Deno.mkdir(`${folder}/root`, { recursive: true });
  await Deno.copyFile(`${CHECKOUT}/.tools/testapp/app`, `${folder}/app`);
  const sqlite = (await output("bash", "-c", "command -v sqlite3")).trim();
  await Deno.copyFile(sqlite, `${folder}/root/sqlite3`);
  for (const [, library = ""] of (await output("ldd", sqlite)).matchAll(/(?:=> )?(\/\S+) \(0x/g)) {
    await Deno.mkdir(`${folder}/root${library.slice(0, library.lastIndexOf("/"))}`, { recursive: true });
    await Deno.copyFile(library, `${folder}/root${library}`);
  }
  await Deno.writeTextFile(`${folder}/start`, START);
  await Deno.writeTextFile(`${folder}/Dockerfile`, DOCKERFILE);
  return `${folder}/Dockerfile`;
}

async function output(program: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(program, { args: [...args] }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

const DOCKERFILE = `# mypaas.servicename = shop
# mypaas.domain = shop.test
# mypaas.volume = data:/data
# mypaas.volume = ~/notes:/notes
FROM busybox
COPY root /
COPY app start /
ENV TEXT="shop 1"
CMD ["sh", "/start"]
`;

const START = `
begin() {
  echo '.bail on'
  echo 'PRAGMA journal_mode = WAL;'
  echo 'CREATE TABLE IF NOT EXISTS a (id INTEGER PRIMARY KEY, value BLOB);'
  echo 'CREATE TABLE IF NOT EXISTS b (id INTEGER PRIMARY KEY, value BLOB);'
  echo 'INSERT INTO a (value) WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 1000)'
  echo '  SELECT randomblob(3000) FROM n WHERE NOT EXISTS (SELECT * FROM a);'
  echo 'INSERT INTO b SELECT * FROM a WHERE NOT EXISTS (SELECT * FROM b);'
  while :; do
    echo 'BEGIN; INSERT INTO a (value) VALUES (randomblob(3000)); INSERT INTO b SELECT * FROM a ORDER BY id DESC LIMIT 1; COMMIT;'
    usleep 8000
  done
}
begin | /sqlite3 /data/db >/dev/null &
exec /app
`;
