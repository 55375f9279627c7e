import { assertEquals } from "@std/assert";
import { defaultInterface } from "../../src/host/machine_address.ts";

const HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";

Deno.test("defaultInterface() is the one with the lowest metric", () => {
  const table = HEAD +
    "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n" +
    "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" +
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
  assertEquals(defaultInterface(table), "eth0");
});

Deno.test("defaultInterface() is nothing without a default route", () => {
  assertEquals(defaultInterface(HEAD), undefined);
  assertEquals(defaultInterface(HEAD + "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"), undefined);
  assertEquals(defaultInterface(HEAD + "eth0\t00000000\t010200C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n"), undefined);
});
