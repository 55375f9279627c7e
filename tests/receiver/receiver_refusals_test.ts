import { assertEquals, assertStringIncludes } from "@std/assert";
import { gateOf, get, receiver } from "./receiver_scene.ts";

Deno.test("What the gate answers to the receiver itself is not answered to a client", async () => {
  const { handler } = receiver(gateOf(() => Promise.reject(new Error("asked"))));
  for (const path of ["/v1/keep?service=blog&scope=all", "/v1/verify", "/v1/./keep", "/v1/x/../keep"]) {
    assertEquals((await handler(get(path))).status, 404, path);
  }
});

Deno.test("What fetch could not pass on is refused: other methods, addresses that are none or too long", async () => {
  const { handler } = receiver(gateOf(() => Promise.reject(new Error("must not be asked"))));
  const odd = (change: Record<string, string>) =>
    Object.create(get("/v1/services"), {
      ...Object.fromEntries(
        Object.entries({ url: "http://x/v1/services", ...change }).map(([name, value]) => [name, { value }]),
      ),
      headers: { value: new Headers() },
      body: { value: null },
      signal: { value: new AbortController().signal },
    });
  for (const method of ["TRACE", "CONNECT", "PATCH", "OPTIONS", "get"]) {
    assertEquals((await handler(odd({ method }))).status, 405, method);
  }
  for (const url of ["*", "http://[::1/v1/hello", `http://x/v1/services?${"a".repeat(9000)}`]) {
    const response = await handler(odd({ url, method: "GET" }));
    assertEquals(response.status, 400);
    assertStringIncludes((await response.json()).error.message, "Cannot read the request: its address");
  }
});

Deno.test("All addresses of one IPv6 network have one share of the places", async () => {
  const { handler } = receiver(gateOf(() => new Response(new ReadableStream())), { requestsPerAddress: 1 });
  const ask = async (address: string) => (await handler(get("/v1/services", { "x-forwarded-for": address }))).status;
  assertEquals(await ask("2001:db8:1:2::7"), 200);
  assertEquals(await ask("2001:db8:1:2:ffff::"), 429);
  assertEquals(await ask("2001:db8:1:3::7"), 200);
  assertEquals(await ask("::1"), 200);
  assertEquals(await ask("::2"), 429);
});
