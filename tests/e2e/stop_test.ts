import { assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { containersOf } from "./engine.ts";
import { succeeded, TestServer } from "./lab.ts";

Deno.test("SIGTERM in the middle of a deploy ends the daemon at once, and the next one puts things back", async () => {
  await using server = await TestServer.start({ supervisor: "none" });
  const app = (TEXT: string, BOOT: string) => ({
    name: "blog",
    options: { domain: "blog.test", "start-timeout": "30s" },
    app: { TEXT, BOOT },
  });
  succeeded(await server.deploy(app("one", "0s")));
  const going = server.deploy(app("two", "20s"));
  await waitUntil(async () => {
    const containers = await containersOf(server.serverId, "blog");
    return containers.some(({ Name, State }) => Name.includes("blog.2") && State.Running);
  }, { what: "the new release boots", timeoutMs: 20_000 });
  const began = performance.now();
  await server.endDaemon("SIGTERM");
  assertLess(performance.now() - began, 3000);
  await server.startDaemon();
  assertNotEquals((await going).code, 0);
  assertEquals(await server.get("blog.test"), { status: 200, text: "one" });
});
