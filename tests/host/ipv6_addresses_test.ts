import { assert, assertEquals } from "@std/assert";
import { globalAddresses, globalIpv6Addresses } from "../../src/host/ipv6_addresses.ts";

Deno.test("globalAddresses() leaves out loopback, link-local, private, and what is not in use", () => {
  const table = [
    "00000000000000000000000000000001 01 80 10 80       lo",
    "fe8000000000000000427ffffe81505b 05 40 20 80  docker0",
    "fd000000000000000000000000000002 04 40 00 82     eth0",
    "20010db8000000000000000000000007 04 40 00 80     eth0",
    "20010db80000000000000000000000aa 04 40 00 a0     eth0",
    "20010db80000000000000000000000bb 04 40 00 48     eth0",
    "2a0104f80000000100000000000000ff 180b 40 00 00     eth1",
    "",
  ].join("\n");
  assertEquals(globalAddresses(table), ["2001:db8::7", "2a01:4f8:0:1::ff"]);
});

Deno.test("globalIpv6Addresses() reads this machine", async () => {
  const found = await globalIpv6Addresses();
  const known = Deno.networkInterfaces().map(({ address }) => address);
  assert(found.every((address) => known.includes(address)), `${found}`);
});
