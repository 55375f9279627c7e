import { assertEquals, assertRejects } from "@std/assert";
import { joinBytes } from "../../src/archive/byte_reader.ts";
import { MyPaasError } from "../../src/error.ts";
import { BackupReader, BackupWriter } from "../../src/host/backup_file.ts";

/** Cheap: what a passphrase costs to try is scrypt's business. */
const COST = { log2N: 4, r: 8, p: 1 };
const PASSPHRASE = "correct horse";
const HEADER = 50;

async function written(entries: readonly (readonly [unknown, Uint8Array])[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const sink = { write: (bytes: Uint8Array) => Promise.resolve(void parts.push(bytes.slice())) };
  const writer = await BackupWriter.begin(sink, PASSPHRASE, COST);
  for (const [about, data] of entries) {
    await writer.entry(about);
    await writer.data(data);
  }
  await writer.end();
  const all = joinBytes(parts);
  assertEquals(writer.bytes, all.length);
  return all;
}

async function* chunked(bytes: Uint8Array, size = 1 << 16): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function read(bytes: Uint8Array, { passphrase = PASSPHRASE, take = true, size = 1 << 16 } = {}) {
  const found: [unknown, number, string][] = [];
  const reader = await BackupReader.begin(chunked(bytes, size), passphrase, "Cannot read it");
  for await (const { about, data } of reader.entries()) {
    const parts = take ? await Array.fromAsync(data) : [];
    const all = joinBytes(parts).slice();
    found.push([about, all.length, await digest(all)]);
  }
  return found;
}

function random(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 8);
}

/** Where each block begins, and where the last one ends. */
function boundaries(bytes: Uint8Array): readonly number[] {
  const found = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = HEADER; at < bytes.length; at += 5 + view.getUint32(at + 1)) found.push(at);
  return [...found, bytes.length];
}

async function refusal(bytes: Uint8Array, passphrase = PASSPHRASE): Promise<string> {
  return (await assertRejects(() => read(bytes, { passphrase }), MyPaasError)).message;
}

Deno.test("a backup gives back its entries, however it is cut into chunks", async () => {
  const large = random((1 << 20) * 2 + 12345);
  const file = await written([
    [{ kind: "a" }, new TextEncoder().encode("text")],
    ["empty", new Uint8Array()],
    [{ large: true }, large],
  ]);
  const expected: [unknown, number, string][] = [
    [{ kind: "a" }, 4, await digest(new TextEncoder().encode("text"))],
    ["empty", 0, await digest(new Uint8Array())],
    [{ large: true }, large.length, await digest(large)],
  ];
  for (const size of [1000, 1 << 16, 1 << 24]) assertEquals(await read(file, { size }), expected);
  assertEquals((await read(file, { take: false })).map(([about]) => about), [{ kind: "a" }, "empty", { large: true }]);
});

Deno.test("a backup that was cut off is refused, wherever", async () => {
  const file = await written([["a", random(1 << 20)], ["b", random(3 << 20)], ["c", new Uint8Array(100)]]);
  const cuts = boundaries(file).slice(0, -1);
  assertEquals(cuts.length, 9);
  for (const at of cuts) {
    for (const cut of [at - 1, at, at + 1, at + 5, at + 6]) {
      assertEquals(await refusal(file.slice(0, cut)), "Cannot read it: it ends too early", `cut at ${cut}`);
    }
  }
});

Deno.test("a backup in which blocks were left out, repeated, exchanged or added is refused", async () => {
  const file = await written([["a", random(2 << 20)], ["b", random(2 << 20)]]);
  const other = await written([["a", random(2 << 20)], ["b", random(2 << 20)]]);
  const at = boundaries(file);
  const blocks = at.slice(0, -1).map((begin, i) => file.subarray(begin, at[i + 1]));
  const foreign = boundaries(other).slice(0, -1).map((begin, i) => other.subarray(begin, boundaries(other)[i + 1]));
  const joined = (parts: readonly Uint8Array[]) => joinBytes([file.subarray(0, HEADER), ...parts]);
  assertEquals((await read(joined(blocks))).length, 2);
  const [a = file, b = file, c = file, ...rest] = blocks;
  for (
    const parts of [
      [b, c, ...rest],
      [a, c, ...rest],
      [a, b, b, c, ...rest],
      [a, c, b, ...rest],
      [a, b, ...rest],
      [a, foreign[1] ?? file, c, ...rest],
      [a, b, c, ...rest.slice(-1)],
      [...blocks, new Uint8Array(1)],
      [...blocks, ...blocks.slice(-1)],
    ]
  ) assertEquals(await refusal(joined(parts)), "Cannot read it: it is damaged");
});

Deno.test("one flipped bit anywhere is seen", async () => {
  const file = await written([["a", new TextEncoder().encode("some text".repeat(50))]]);
  const seen = new Set<string>();
  for (let at = 0; at < file.length; at++) {
    const flipped = file.slice();
    flipped[at] = (file[at] ?? 0) ^ (1 << at % 8);
    // A cost that can be afforded is tried.
    if (at >= 15 && at < 18) continue;
    seen.add(await refusal(flipped));
  }
  assertEquals([...seen].sort(), [
    "Cannot read it: a newer version of MyPaas wrote it (format 65, this one knows 1)",
    "Cannot read it: it ends too early",
    "Cannot read it: it is damaged",
    "Cannot read it: it is no backup of MyPaas",
    "Cannot read it: the passphrase is wrong",
  ]);
});

Deno.test("another passphrase, another file and a newer version are told apart", async () => {
  const file = await written([["a", new Uint8Array(10)]]);
  assertEquals(await refusal(file, "wrong"), "Cannot read it: the passphrase is wrong");
  assertEquals(await refusal(new TextEncoder().encode("PK\x03\x04 something else")), NO_BACKUP);
  assertEquals(await refusal(new Uint8Array()), NO_BACKUP);
  const newer = file.slice();
  newer[14] = 2;
  assertEquals(
    await refusal(newer),
    "Cannot read it: a newer version of MyPaas wrote it (format 2, this one knows 1)",
  );
});

const NO_BACKUP = "Cannot read it: it is no backup of MyPaas";

Deno.test("what is in a backup is not found in it, and the same content never twice", async () => {
  const text = new TextEncoder().encode("0123456789abcdef".repeat(8));
  const [one, two] = [await written([["a", text]]), await written([["a", text]])];
  assertEquals(new TextDecoder("latin1").decode(one).includes("0123456789abcdef"), false);
  assertEquals(one.slice(HEADER + 5).toHex() === two.slice(HEADER + 5).toHex(), false);
});
