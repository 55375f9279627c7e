import { assertEquals, assertRejects } from "@std/assert";
import { awaitVerdict } from "../../src/client/await_verdict.ts";
import { BrokenConnection, type JsonOptions } from "../../src/client/connection.ts";
import { AuthError, NotReadyError } from "../../src/error.ts";

/** Asks a server that gives these answers, one per question. */
async function ask(...answers: readonly unknown[]) {
  const asked: string[] = [];
  const json = <T>(method: string, path: string, { parse }: JsonOptions<T>): Promise<T> => {
    const answer = answers[asked.push(`${method} ${path}`) - 1];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(parse(answer));
  };
  return { kind: await awaitVerdict({ json }, { service: "blog", release: 7, restMs: 1 }), asked };
}

Deno.test("awaitVerdict() asks again when the connection breaks", async () => {
  const path = "GET /v1/services/blog/releases/7/verdict";
  assertEquals(await ask(new BrokenConnection("cut"), { kind: "kept" }), { kind: "kept", asked: [path, path] });
  assertEquals((await ask({ kind: "replaced" })).kind, "replaced");
  await assertRejects(() => ask(new AuthError("Cannot: revoked")), AuthError);
});

Deno.test("awaitVerdict() throws why a release was taken back, and says what serves", async () => {
  const because = "blog.7.1 ended twice, the last time with exit code 3";
  const error = await assertRejects(() => ask({ kind: "taken-back", because, by: 8 }), NotReadyError);
  assertEquals(error.message, `Cannot keep release 7 of "blog": ${because}`);
  assertEquals(
    error.hint,
    "The server went back by itself: release 8 serves. See both with: mypaas history blog.",
  );
  const none = await assertRejects(() => ask({ kind: "taken-back", because }), NotReadyError);
  assertEquals(none.hint, "See why with: mypaas logs blog.");
});
