import { assertEquals, assertStringIncludes } from "@std/assert";
import { ipv6Warning } from "../../src/setup/ipv6.ts";

Deno.test("ipv6Warning() is about a machine with IPv6 whose Docker publishes ports on IPv4 only", () => {
  const warning = ipv6Warning(["2001:db8::7", "2001:db8::8"], ["0.0.0.0"]);
  assertEquals(
    warning?.message,
    "This server has the IPv6 address 2001:db8::7, and its Docker publishes ports on IPv4 only",
  );
  assertStringIncludes(warning?.hint ?? "", "AAAA");
});

Deno.test("ipv6Warning() is silent without IPv6, with ports on IPv6, and while Traefik does not run", () => {
  assertEquals(ipv6Warning([], ["0.0.0.0"]), undefined);
  assertEquals(ipv6Warning(["2001:db8::7"], ["0.0.0.0", "::"]), undefined);
  assertEquals(ipv6Warning(["2001:db8::7"], []), undefined);
});
