import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { HiddenLine, secretFile } from "../../src/host/secret_input.ts";
import { tempFolder } from "./temp_folder.ts";

function typed(...parts: readonly string[]) {
  const line = new HiddenLine();
  const states = parts.map((part) => line.type(new TextEncoder().encode(part)));
  return { state: states.at(-1), text: line.text };
}

Deno.test("HiddenLine takes what is typed up to the end of the line", () => {
  assertEquals(typed("sec", "ret\r", "more"), { state: "more", text: "secretmore" });
  assertEquals(typed("a b=ü\r"), { state: "done", text: "a b=ü" });
  assertEquals(typed("a\nb"), { state: "done", text: "a" });
});

Deno.test("HiddenLine removes a whole character at a time, or all", () => {
  assertEquals(typed("aü日\x7f\x7f\x7f\x7fb\r").text, "b");
  assertEquals(typed("ab\bc\r").text, "ac");
  assertEquals(typed("wrong\x15right\r").text, "right");
});

Deno.test("HiddenLine ends at Ctrl-C, and at Ctrl-D", () => {
  assertEquals(typed("abc\x03").state, "given up");
  assertEquals(typed("\x04").state, "given up");
  assertEquals(typed("abc\x04"), { state: "done", text: "abc" });
});

Deno.test("HiddenLine is text", () => {
  const line = new HiddenLine();
  line.type(new Uint8Array([0xff]));
  assertThrows(() => line.text, UsageError, "Cannot read the value: it is not text in UTF-8");
});

Deno.test("secretFile() reads text of so many bytes at most", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/value`;
  await Deno.writeTextFile(path, "ü\n");
  assertEquals(await secretFile(path, 3), "ü\n");
  await assertRejects(() => secretFile(path, 2), UsageError, "Cannot read the value: it is longer than 2 bytes");
  await Deno.writeFile(path, new Uint8Array([0xc3]));
  await assertRejects(() => secretFile(path, 2), UsageError, "Cannot read the value: it is not text in UTF-8");
  await assertRejects(() => secretFile(`${path}.not`, 2), UsageError, "there is no such file");
  await assertRejects(() => secretFile(folder.path, 2), UsageError, "it is a folder");
});
