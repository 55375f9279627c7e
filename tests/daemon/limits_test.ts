import { assertEquals, assertStringIncludes } from "@std/assert";
import { BenchDaemon } from "./bench_daemon.ts";

for (const path of ["/v1/login", "/v1/verify"]) {
  Deno.test(`POST ${path}, which nobody has signed, may have no large body`, async () => {
    await using daemon = await BenchDaemon.start();
    const body = new Uint8Array(5 << 20);
    const response = await daemon.gate(new Request(`http://daemon${path}`, { method: "POST", body }));
    assertEquals(response.status, 400);
    assertStringIncludes(await response.text(), "its body is larger than 4 MiB");
  });
}
