import { assertEquals } from "@std/assert";
import { generateSealingKey, openSealed } from "../../src/auth/seal.ts";
import type { JsonOptions } from "../../src/client/connection.ts";
import { loginRegistry, registriesTable } from "../../src/client/registries.ts";
import { parseRegistryLoginRequest, registryContext } from "../../src/wire/registries.ts";

Deno.test("loginRegistry() sends a password that only the daemon can read", async () => {
  const sealingKey = await generateSealingKey();
  const serverId = "0123456789abcdef0123456789abcdef";
  const sent: string[] = [];
  const json = <T>(method: string, path: string, { body, parse }: JsonOptions<T>): Promise<T> => {
    if (body !== undefined) sent.push(new TextDecoder().decode(body));
    const answer = { serverId, sealingKey: sealingKey.publicKey, registries: [] };
    return Promise.resolve(parse(`${method} ${path}` === "GET /v1/registries" ? answer : undefined));
  };
  await loginRegistry({ json }, { host: "images.example.org", username: "ann", password: "secret words" });
  const [text = ""] = sent;
  assertEquals([sent.length, text.includes("secret")], [1, false]);
  const request = parseRegistryLoginRequest(JSON.parse(text));
  const context = registryContext(serverId, { host: "images.example.org", username: "ann" });
  assertEquals(await openSealed(request.password, { reader: sealingKey, context }), "secret words");
});

Deno.test("registriesTable() shows who logged in where, and since when", () => {
  const registry = { host: "127.0.0.1:5000", username: "ann", by: "bob (00ff)", at: "2026-11-22T10:04:59.123Z" };
  assertEquals(registriesTable([registry]), [
    "REGISTRY        USER  BY          SINCE",
    "127.0.0.1:5000  ann   bob (00ff)  2026-11-22 10:04Z",
  ]);
  assertEquals(registriesTable([]), ["no registries"]);
});
