import { assert, assertEquals } from "@std/assert";
import { nearestName } from "../../src/service/nearest_name.ts";
import { allOptions, findOption } from "../../src/service/options.ts";

Deno.test("every option's example and defaults are values that it takes", () => {
  for (const option of allOptions) {
    for (const text of [option.example, option.default, option.defaultAtScaleZero]) {
      if (text !== undefined) assert("value" in option.parse(text), `${option.name}: ${text}`);
    }
  }
});

Deno.test("no two options share a name", () => {
  const names = allOptions.flatMap(({ name, aliases }) => [name, ...aliases]);
  assertEquals(names.length, new Set(names).size);
  assertEquals(findOption("service")?.name, "servicename");
});

Deno.test("nearestName() finds wrong, missing, added and swapped letters", () => {
  const names = ["port", "domain", "stop-grace"];
  assertEquals(nearestName("prot", names), "port");
  assertEquals(nearestName("Domains", names), "domain");
  assertEquals(nearestName("stopgrace", names), "stop-grace");
  assertEquals(nearestName("maxmem", names), undefined);
});
