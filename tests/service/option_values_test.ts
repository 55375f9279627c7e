import { assertEquals } from "@std/assert";
import { parseBuildArg, parseCpus, parseEnv, parseMemory, parseUrl } from "../../src/service/option_values.ts";

Deno.test("parseEnv() and parseBuildArg() refuse NUL, which would end the value", () => {
  assertEquals(parseEnv("A=b\0c"), { fault: "has a NUL character" });
  assertEquals(parseBuildArg("A=b\0c"), { fault: "has a NUL character" });
});

Deno.test("parseMemory() reads bytes and their multiples, and no more than a number can hold", () => {
  const amounts = ["6m", "6291456", "6144K", "1G", "2t", "999999999999999"].map((text) => parseMemory(text));
  const bytes = [6 * 2 ** 20, 6 * 2 ** 20, 6 * 2 ** 20, 2 ** 30, 2 ** 41, 999_999_999_999_999];
  assertEquals(amounts, bytes.map((value) => ({ value })));
  for (const text of ["", "m", "6291455", "1.5g", "-1g", "1e9", "9999999999999999", "010m", " 6m"]) {
    assertEquals("fault" in parseMemory(text), true, text);
  }
});

Deno.test("parseCpus() reads decimal numbers", () => {
  assertEquals(
    ["2", "1.5", ".5", "1.", "0.01"].map((text) => parseCpus(text)),
    [2, 1.5, 0.5, 1, 0.01].map((value) => ({ value })),
  );
  for (const text of ["", ".", "0", "1e3", "-1", "NaN", "Infinity", "1,5", "10000"]) {
    assertEquals("fault" in parseCpus(text), true, text);
  }
});

Deno.test("parseUrl() reads nothing that could be more than a domain and a path in a rule", () => {
  for (
    const url of [
      "https://a.b/`",
      "https://a.b`/",
      "https://a.b/x) || Host(`c.d",
      "https://a.b/%2e%2e/x",
      "https://a.b/.",
      "https://a.b/..",
      "https://a.b\\@c.d/",
      "https:///x",
      "https:a.b",
      "//a.b",
      `https://a.b/${"x".repeat(200)}`,
    ]
  ) assertEquals("fault" in parseUrl(url), true, url);
  assertEquals(parseUrl("HTTPS://A.B/..x/"), { value: { domain: "a.b", path: "/..x", https: true } });
});
