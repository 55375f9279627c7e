import { assert, assertEquals } from "@std/assert";
import { Slots } from "../../src/wire/slots.ts";

Deno.test("Slots.take() lets one address have only its share", () => {
  const slots = new Slots({ requests: 3, requestsPerAddress: 2 });
  const first = slots.take("192.0.2.1");
  assert(first && slots.take("192.0.2.1"));
  assertEquals(slots.take("192.0.2.1"), undefined);
  first();
  assert(slots.take("192.0.2.1"));
});

Deno.test("Slots.take() gives no more than all places, and a place that is given back twice counts once", () => {
  const slots = new Slots({ requests: 2, requestsPerAddress: 2 });
  const first = slots.take("192.0.2.1");
  assert(first && slots.take("192.0.2.2"));
  assertEquals(slots.take("192.0.2.3"), undefined);
  first();
  first();
  assert(slots.take("192.0.2.3"));
  assertEquals(slots.take("192.0.2.4"), undefined);
});
