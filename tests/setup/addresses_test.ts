import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  addressCount,
  addressNumber,
  containsAddress,
  isAddress,
  isSubnet,
  networkSettings,
  nthAddress,
  upperHalf,
} from "../../src/setup/addresses.ts";

Deno.test("nthAddress() counts from the subnet's own address, across octets", () => {
  assertEquals(nthAddress("172.31.0.0/16", 0), "172.31.0.0");
  assertEquals(nthAddress("172.31.0.0/16", 2), "172.31.0.2");
  assertEquals(nthAddress("172.31.0.0/16", 256), "172.31.1.0");
  assertEquals(nthAddress("192.168.240.0/20", 4095), "192.168.255.255");
  assertEquals(nthAddress("255.255.255.0/24", 255), "255.255.255.255");
});

Deno.test("nthAddress() refuses a number outside the subnet", () => {
  assertThrows(() => nthAddress("10.0.0.0/24", 256), RangeError, `"10.0.0.0/24" has no address number 256`);
  assertThrows(() => nthAddress("10.0.0.0/24", -1), RangeError);
});

Deno.test("addressNumber() is the inverse of nthAddress()", () => {
  for (const n of [0, 1, 16, 255, 256, 32767]) {
    assertEquals(addressNumber("172.31.0.0/16", nthAddress("172.31.0.0/16", n)), n);
  }
  assertEquals(addressNumber("172.31.0.0/16", "172.32.0.0"), undefined);
  assertEquals(addressNumber("172.31.0.0/16", "172.30.255.255"), undefined);
});

Deno.test("containsAddress() includes the first and last address", () => {
  assert(containsAddress("10.1.2.0/24", "10.1.2.0"));
  assert(containsAddress("10.1.2.0/24", "10.1.2.255"));
  assertFalse(containsAddress("10.1.2.0/24", "10.1.3.0"));
});

Deno.test("networkSettings() spells out gateway and range as Docker takes them", () => {
  assertEquals(networkSettings("172.31.0.0/16"), {
    subnet: "172.31.0.0/16",
    gateway: "172.31.0.1",
    range: "172.31.128.0/17",
  });
  assertEquals(upperHalf("192.168.16.0/20"), "192.168.24.0/21");
  assertEquals(addressCount("192.168.16.0/20"), 4096);
});

Deno.test("isAddress() and isSubnet() refuse what is not plain IPv4", () => {
  for (const text of ["1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4.", "::1", "", "a.b.c.d"]) {
    assertFalse(isAddress(text), text);
  }
  for (
    const text of ["10.0.0.1/24", "10.0.0.0", "10.0.0.0/0", "10.0.0.0/30", "10.0.0.0/33", "10.0.0.0/8/8", "fd00::/64"]
  ) {
    assertFalse(isSubnet(text), text);
  }
  assert(isAddress("0.0.0.0") && isAddress("255.255.255.255") && isSubnet("10.0.0.0/8"));
});
