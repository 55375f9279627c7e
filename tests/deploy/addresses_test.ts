import { assertEquals, assertThrows } from "@std/assert";
import { nextAddress } from "../../src/deploy/addresses.ts";
import { MyPaasError } from "../../src/error.ts";

const RANGE = { first: "10.1.0.254", last: "10.1.1.1" };

Deno.test("nextAddress() walks forward from the last one given and begins again at the end", () => {
  const given: string[] = [];
  for (let i = 0; i < 6; i++) given.push(nextAddress(RANGE, given.at(-1), new Set()));
  assertEquals(given, ["10.1.0.254", "10.1.0.255", "10.1.1.0", "10.1.1.1", "10.1.0.254", "10.1.0.255"]);
});

Deno.test("nextAddress() leaves out addresses that are used", () => {
  assertEquals(nextAddress(RANGE, "10.1.0.254", new Set(["10.1.0.255", "10.1.1.0"])), "10.1.1.1");
});

Deno.test("nextAddress() begins at the start when the cursor is from another range", () => {
  assertEquals(nextAddress(RANGE, "192.168.0.1", new Set()).startsWith("10.1."), true);
});

Deno.test("nextAddress() says so when the range is full", () => {
  const all = new Set(["10.1.0.254", "10.1.0.255", "10.1.1.0", "10.1.1.1"]);
  assertThrows(() => nextAddress(RANGE, undefined, all), MyPaasError, "all 4 from 10.1.0.254 to 10.1.1.1 are used");
});
