import { assertEquals, assertNotEquals } from "@std/assert";
import { KnownFiles } from "../../src/archive/known_files.ts";
import type { TreeEntry } from "../../src/archive/tree.ts";
import { sha256 } from "../../src/host/hash.ts";
import { diskTree } from "../../src/host/tree.ts";
import { plant, tempFolder } from "../host/temp_folder.ts";

const NOW = 1_700_000_000_123;
const CHUNKS = [{ digest: sha256("x"), size: 5 }];

function seen(path: string, changedMs: number, stamp = "5 1 1 1") {
  return { path, size: 5, stamp, changedMs };
}

/** What a scan leaves that read these files at `readMs`. */
function learned(readMs: number, ...files: ReturnType<typeof seen>[]): string | undefined {
  const known = new KnownFiles(undefined, readMs);
  for (const file of files) known.learn(file, CHUNKS);
  return known.text();
}

Deno.test("KnownFiles gives the chunks of a file that is as it was, until anything of its stamp differs", () => {
  const text = learned(NOW, seen("a", NOW - 5000));
  const known = new KnownFiles(text, NOW + 9000);
  assertEquals(known.chunks(seen("a", NOW - 5000)), CHUNKS);
  assertEquals(known.chunks(seen("a", NOW - 5000, "5 1 2 1")), undefined);
  assertEquals(known.chunks({ ...seen("a", NOW - 5000), size: 6 }), undefined);
  assertEquals(known.chunks(seen("b", NOW - 5000)), undefined);
  assertEquals(known.chunks(seen("constructor", NOW - 5000)), undefined);
});

Deno.test("KnownFiles has a file read again that is as young as what is known of it", () => {
  for (
    const [changedMs, trusted] of [[NOW - 100, true], [NOW - 10, false], [NOW, false], [NOW + 60_000, false]] as const
  ) {
    const known = new KnownFiles(learned(NOW, seen("a", changedMs)), NOW + 9000);
    assertEquals(known.chunks(seen("a", changedMs)) !== undefined, trusted, `changed at ${changedMs - NOW}`);
  }
});

Deno.test("KnownFiles allows for clocks of whole seconds", () => {
  const whole = NOW - 123;
  assertEquals(new KnownFiles(learned(NOW, seen("a", whole)), NOW).chunks(seen("a", whole)), undefined);
  const earlier = whole - 3000;
  assertEquals(new KnownFiles(learned(NOW, seen("a", earlier)), NOW).chunks(seen("a", earlier)), CHUNKS);
});

Deno.test("KnownFiles trusts a young file once it was read again later", () => {
  const young = seen("a", NOW - 1);
  const second = new KnownFiles(learned(NOW, young), NOW + 9000);
  assertEquals(second.chunks(young), undefined);
  second.learn(young, CHUNKS);
  assertEquals(new KnownFiles(second.text(), NOW + 20_000).chunks(young), CHUNKS);
});

Deno.test("KnownFiles has all read again when the clock was set back behind them", () => {
  // Written while the clock was an hour behind: all files are from what it takes for the future.
  const file = seen("a", NOW);
  const text = learned(NOW - 3_600_000, file);
  assertEquals(new KnownFiles(text, NOW - 3_500_000).chunks(file), undefined);
});

Deno.test("KnownFiles has nothing new to keep when nothing changed, and forgets what is gone", () => {
  const text = learned(NOW, seen("a", NOW - 5000), seen("b", NOW - 5000));
  const same = new KnownFiles(text, NOW + 9000);
  same.chunks(seen("a", NOW - 5000));
  same.chunks(seen("b", NOW - 5000));
  assertEquals(same.text(), undefined);
  const without = new KnownFiles(text, NOW + 9000);
  without.chunks(seen("a", NOW - 5000));
  const kept = without.text();
  assertNotEquals(kept, undefined);
  assertEquals(new KnownFiles(kept, NOW + 9000).chunks(seen("b", NOW - 5000)), undefined);
});

Deno.test("KnownFiles takes a text that is broken, or of another version, as none", () => {
  const good = learned(NOW, seen("a", NOW - 5000)) ?? "";
  const broken = [
    "",
    "{",
    "null",
    "[]",
    good.slice(0, -1),
    good.replace('"version":1', '"version":2'),
    good.replace(`[["${CHUNKS[0]?.digest}",5]]`, '"x"'),
    good.replace(`["${CHUNKS[0]?.digest}",5]`, "[1,2]"),
    good.replace(`["${CHUNKS[0]?.digest}",5]`, "null"),
    good.replace(/"files":.*/, '"files":7}'),
    good.replace(/"readMs":\d+/, '"readMs":"x"'),
  ];
  for (const text of broken) {
    assertNotEquals(text, good);
    assertEquals(new KnownFiles(text, NOW + 9000).chunks(seen("a", NOW - 5000)), undefined, text);
  }
});

Deno.test("the stamp of a real file differs after a change of content, of mode, of name, and after its time is set back", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/a`;
  await plant(folder.path, { a: "one" });
  const entry = async (): Promise<TreeEntry | undefined> => (await diskTree(folder.path).list(""))[0];
  const first = await entry();
  // Times far enough apart for every file system.
  const past = new Date(Date.now() - 60_000);
  const stamps = [first?.stamp];
  for (
    const change of [
      () => Deno.utime(path, past, past),
      () => Deno.writeTextFile(path, "four"),
      () => Deno.utime(path, past, past),
      async () => {
        await Deno.writeTextFile(`${path}.new`, "five");
        await Deno.utime(`${path}.new`, past, past);
        await Deno.rename(`${path}.new`, path);
      },
    ]
  ) {
    await change();
    stamps.push((await entry())?.stamp);
  }
  assertEquals(new Set(stamps).size, stamps.length, stamps.join("; "));
});
