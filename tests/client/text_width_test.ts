import { assertEquals } from "@std/assert";
import { cutText, textWidth, wrapText } from "../../src/client/text_width.ts";

Deno.test("textWidth() counts wide characters twice and combining ones not at all", () => {
  const widths = {
    "": 0,
    "abc": 3,
    "값": 2,
    "値段は": 6,
    "ｆｕｌｌ": 8,
    "🚀": 2,
    "e\u0301le\u0300ve": 5,
    "ﾊﾝ": 2,
    "▁▂█│…": 5,
    "a\u200bb\u00ad": 2,
    "Ω∑й": 3,
  };
  assertEquals(Object.fromEntries(Object.keys(widths).map((text) => [text, textWidth(text)])), widths);
});

Deno.test("textWidth() takes the most that a terminal gives joined emoji and those that may be text", () => {
  assertEquals(["❤\ufe0f", "👩\u200d👩\u200d👧", "🇩🇪"].map(textWidth), [2, 6, 4]);
});

Deno.test("cutText() keeps what fits, with the marks that belong to it", () => {
  assertEquals(cutText("abcdef", 4), "abcd");
  assertEquals(cutText("値段は", 5), "値段");
  assertEquals(cutText("ae\u0301b", 2), "ae\u0301");
  assertEquals([cutText("abc", 0), cutText("値", 1), cutText("abc", -2)], ["", "", ""]);
});

Deno.test("wrapText() parts a line between words, and leaves a word whole that is too long", () => {
  assertEquals(wrapText("shop is live: release 8", { columns: 40, indent: 2 }), ["shop is live: release 8"]);
  assertEquals(wrapText("  one two three four", { columns: 10, indent: 4 }), ["  one two", "    three", "    four"]);
  assertEquals(wrapText("see https://shop.example.org/ now", { columns: 12, indent: 2 }), [
    "see",
    "  https://shop.example.org/",
    "  now",
  ]);
  assertEquals(wrapText("値段は 税込み です", { columns: 10, indent: 0 }), ["値段は", "税込み", "です"]);
});
