import { assertEquals } from "@std/assert";
import { withOptionsTable } from "../../scripts/readme_options.ts";

Deno.test("README's table of options is the one of src/service/options.ts (else run scripts/readme_options.ts)", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  assertEquals(readme, withOptionsTable(readme));
});
