import { assert, assertEquals } from "@std/assert";
import { collectBlobs } from "../../src/host/collect_blobs.ts";
import { tempFolder } from "./temp_folder.ts";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SIZE = 20_000;

/** A name of a chunk that begins with these digits. */
function digest(start: string): string {
  return start.padEnd(64, "0");
}

/** Stores a chunk that was last used so long ago. */
async function store(root: string, service: string, name: string, age: number): Promise<string> {
  const folder = `${root}/${service}/${name.slice(0, 2)}`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeFile(`${folder}/${name}`, new Uint8Array(SIZE));
  await Deno.utime(`${folder}/${name}`, (NOW - age) / 1000, (NOW - age) / 1000);
  return `${folder}/${name}`;
}

/** What is left of each service, by the first two digits. */
async function left(root: string, service = "web"): Promise<readonly string[]> {
  const folders = await Array.fromAsync(Deno.readDir(`${root}/${service}`));
  const files = folders.map(async ({ name }) => (await Array.fromAsync(Deno.readDir(`${root}/${service}/${name}`))));
  return (await Promise.all(files)).flat().map(({ name }) => name.slice(0, 2)).sort();
}

function collect(root: string, mostBytes: number, kept: Readonly<Record<string, readonly string[]>> = {}) {
  return collectBlobs(root, {
    mostBytes: () => mostBytes,
    kept: (service) => Promise.resolve(new Set(kept[service] ?? [])),
    now: NOW,
  });
}

Deno.test("collectBlobs() removes nothing of less than a week while there is space", async () => {
  await using folder = await tempFolder();
  await store(folder.path, "web", digest("aa"), 6 * DAY);
  await store(folder.path, "web", digest("bb"), 0);
  assertEquals(await collect(folder.path, 2 * SIZE), 2 * SIZE);
  assertEquals(await left(folder.path), ["aa", "bb"]);
});

Deno.test("collectBlobs() removes the oldest of all services until the rest fits", async () => {
  await using folder = await tempFolder();
  for (const [index, start] of ["aa", "bb", "cc", "dd"].entries()) {
    await store(folder.path, index % 2 === 0 ? "web" : "shop", digest(start), (5 - index) * DAY);
  }
  assertEquals(await collect(folder.path, 2 * SIZE), 2 * SIZE);
  assertEquals([await left(folder.path), await left(folder.path, "shop")], [["cc"], ["dd"]]);
});

Deno.test("collectBlobs() removes no more of one age than it must", async () => {
  await using folder = await tempFolder();
  for (let n = 0; n < 10; n++) await store(folder.path, "web", digest(`a${n}`), 2 * HOUR);
  assertEquals(await collect(folder.path, 7 * SIZE), 7 * SIZE);
  assertEquals((await left(folder.path)).length, 7);
});

Deno.test("collectBlobs() keeps what a release of that service needs, and what was used within the hour", async () => {
  await using folder = await tempFolder();
  await store(folder.path, "web", digest("aa"), 30 * DAY);
  await store(folder.path, "shop", digest("aa"), 30 * DAY);
  await store(folder.path, "web", digest("bb"), 59 * MINUTE);
  await store(folder.path, "web", digest("cc"), 61 * MINUTE);
  assertEquals(await collect(folder.path, 0, { web: [digest("aa")] }), 2 * SIZE);
  assertEquals([await left(folder.path), await left(folder.path, "shop")], [["aa", "bb"], []]);
});

Deno.test("collectBlobs() removes what nobody used for a week, and what a killed receiver left half-written", async () => {
  await using folder = await tempFolder();
  await store(folder.path, "web", digest("aa"), 8 * DAY);
  await store(folder.path, "web", `${digest("bb")}.123.tmp`, 8 * DAY);
  await store(folder.path, "web", digest("cc"), 6 * DAY);
  assertEquals(await collect(folder.path, Infinity), SIZE);
  assertEquals(await left(folder.path), ["cc"]);
});

Deno.test("collectBlobs() takes a time far in the future for an old one", async () => {
  await using folder = await tempFolder();
  await store(folder.path, "web", digest("aa"), -30 * DAY);
  assertEquals(await collect(folder.path, 0), 0);
});

Deno.test("collectBlobs() follows no link, and removes links like files", async () => {
  await using outside = await tempFolder();
  await using folder = await tempFolder();
  const victim = await store(outside.path, "web", digest("aa"), 30 * DAY);
  await Deno.mkdir(`${folder.path}/web/bb`, { recursive: true });
  await Deno.symlink(victim, `${folder.path}/web/bb/${digest("bb")}`);
  await Deno.symlink(`${outside.path}/web/aa`, `${folder.path}/web/aa`);
  await Deno.symlink(`${outside.path}/web`, `${folder.path}/shop`);
  await new Deno.Command("touch", { args: ["-h", "-d", "2026-01-01", `${folder.path}/web/bb/${digest("bb")}`] })
    .output();
  await new Deno.Command("touch", { args: ["-h", "-d", "2026-01-01", `${folder.path}/web/aa`] }).output();
  await collect(folder.path, 0);
  assert((await Deno.stat(victim)).isFile);
  assertEquals((await Array.fromAsync(Deno.readDir(`${folder.path}/web`))).map(({ name }) => name), ["bb"]);
  assertEquals(await left(folder.path), []);
});

Deno.test("collectBlobs() goes on when files and folders vanish under it", async () => {
  await using folder = await tempFolder();
  for (let n = 10; n < 40; n++) await store(folder.path, "web", digest(String(n)), DAY);
  const collecting = collectBlobs(folder.path, {
    mostBytes: () => 0,
    kept: async () => {
      // Between the list of services and that of their files, and again before the second look.
      const [first] = (await Array.fromAsync(Deno.readDir(`${folder.path}/web`))).map(({ name }) => name);
      await Deno.remove(`${folder.path}/web/${first}`, { recursive: true });
      return new Set();
    },
    now: NOW,
  });
  await collecting;
  assertEquals(await left(folder.path), []);
  assertEquals(await collect(`${folder.path}/none`, 0), 0);
});

Deno.test("collectBlobs() leaves everything when it is not told what stays", async () => {
  await using folder = await tempFolder();
  await store(folder.path, "web", digest("aa"), 30 * DAY);
  const failed = collectBlobs(folder.path, {
    mostBytes: () => 0,
    kept: () => Promise.reject(new Error("the daemon is away")),
    now: NOW,
  });
  assertEquals(await failed.catch((error) => error.message), "the daemon is away");
  assertEquals(await left(folder.path), ["aa"]);
});
