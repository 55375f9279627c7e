import { assertEquals } from "@std/assert";
import { lookupAddresses } from "../../src/host/lookup.ts";

Deno.test("lookupAddresses() knows addresses, localhost and what is below it, and finds nothing for no name", async () => {
  assertEquals(await lookupAddresses("192.0.2.7"), ["192.0.2.7"]);
  assertEquals(await lookupAddresses("localhost"), ["127.0.0.1", "::1"]);
  assertEquals(await lookupAddresses("blog.localhost"), ["127.0.0.1", "::1"]);
  assertEquals(await lookupAddresses("blog.invalid"), []);
});
