import { assertEquals } from "@std/assert";
import { compareVersions, isVersion, senderVersion, skewHint, VERSION } from "../../src/wire/version.ts";

Deno.test("isVersion() takes what deno.json may have, and nothing that is longer or has other characters", () => {
  for (const text of [VERSION, "0.1.0", "10.20.30", "1.0.0-beta.1"]) assertEquals(isVersion(text), true, text);
  for (const text of ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3 ", "1.2.3\n", "1.2.x", "1.2.3-", "1.2.3-ü", "../1"]) {
    assertEquals(isVersion(text), false, text);
  }
  assertEquals(isVersion(`1.2.3-${"a".repeat(41)}`), false);
});

Deno.test("senderVersion() drops what is no version", () => {
  assertEquals(senderVersion(new Headers({ "mypaas-version": "1.2.3" })), "1.2.3");
  assertEquals(senderVersion(new Headers({ "mypaas-version": "\x1b[31mred" })), undefined);
  assertEquals(senderVersion(new Headers()), undefined);
});

Deno.test("compareVersions() compares numbers, and puts a suffix before the version itself", () => {
  const sorted = ["0.1.0", "0.2.0-a", "0.2.0-b", "0.2.0", "0.2.1", "0.10.0", "1.0.0"];
  for (const [i, a] of sorted.entries()) {
    for (const [j, b] of sorted.entries()) {
      assertEquals(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`);
    }
  }
});

Deno.test("skewHint() names both versions and the older side, and says nothing when there is nothing to upgrade", () => {
  assertEquals(
    skewHint({ client: "0.3.0", server: "0.2.0" }),
    "The client is mypaas 0.3.0, the server 0.2.0: upgrade the server, there: mypaas upgrade.",
  );
  assertEquals(
    skewHint({ client: "0.2.0", server: "0.10.0" }),
    "The client is mypaas 0.2.0, the server 0.10.0: upgrade the client, mypaas upgrade.",
  );
  assertEquals(skewHint({ client: "0.2.0", server: "0.2.0" }), undefined);
  assertEquals(skewHint({ client: "0.2.0", server: undefined }), undefined);
});
