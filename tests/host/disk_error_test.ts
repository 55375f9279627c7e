import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { NotWrittenError } from "../../src/error.ts";
import { diskError } from "../../src/host/disk_error.ts";

for (
  const [words, reason] of [
    ["No space left on device (os error 28)", "the disk is full"],
    ["Disk quota exceeded (os error 122)", "the disk quota is used up"],
    ["Read-only file system (os error 30): open '/a/b'", "the disk is mounted read-only"],
    ["Input/output error (os error 5)", "the disk does not work"],
  ] as const
) {
  Deno.test(`"${words}" becomes a sentence`, () => {
    const cause = new Error(words);
    const error = diskError("store it", cause);
    assert(error instanceof NotWrittenError);
    assertEquals([error.message, error.cause], [`Cannot store it: ${reason}`, cause]);
  });
}

Deno.test("a full disk says so in the words that are known", async () => {
  using file = await Deno.open("/dev/full", { write: true });
  const thrown = await file.write(new Uint8Array(1)).then(() => undefined, (error: unknown) => error);
  assert(diskError("write", thrown) instanceof NotWrittenError);
});

Deno.test("what is not the disk's is given back as it is", () => {
  const error = new Error("something else");
  assertStrictEquals(diskError("store it", error), error);
});
