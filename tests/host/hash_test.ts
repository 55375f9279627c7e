import { assertEquals } from "@std/assert";
import { runningSha256, sha256 } from "../../src/host/hash.ts";

Deno.test("sha256() and runningSha256() agree with FIPS 180-4", () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(sha256("abc"), abc);
  assertEquals(sha256(new Uint8Array([97, 98, 99])), abc);
  const hash = runningSha256();
  hash.update(new Uint8Array([97]));
  hash.update(new Uint8Array([98, 99]));
  assertEquals(hash.digest(), abc);
});
