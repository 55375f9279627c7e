import { assertEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { askKeepList } from "../../src/receiver/keep_list.ts";
import type { Gate } from "../../src/receiver/receiver_handler.ts";

const [A, B] = ["a".repeat(64), "b".repeat(64)];

/** A gate that answers with these lines. */
function gate(lines: readonly object[], status = 200): Gate & { readonly asked: string[] } {
  const asked: string[] = [];
  const send = (path: string) => {
    asked.push(path);
    return Promise.resolve(new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join(""), { status }));
  };
  return { send, asked };
}

Deno.test("askKeepList() asks for one service, and takes all lines together", async () => {
  const door = gate([{ kind: "keep", digests: [A] }, { kind: "keep", digests: [B] }, { kind: "end" }]);
  assertEquals(await askKeepList(door, "blog", "live"), new Set([A, B]));
  assertEquals(door.asked, ["/v1/keep?service=blog&scope=live"]);
});

Deno.test("askKeepList() takes no list that was cut off, and none that it does not understand", async () => {
  const cases: readonly (readonly [Gate, string])[] = [
    [gate([{ kind: "keep", digests: [A] }]), "it stopped before its end"],
    [gate([]), "it stopped before its end"],
    [gate([{ kind: "keep", digests: ["../x"] }, { kind: "end" }]), "the keep-list"],
    [gate([{ error: { kind: "failed", message: "Cannot answer: no" } }], 500), "Cannot answer: no"],
  ];
  for (const [door, problem] of cases) {
    await assertRejects(() => askKeepList(door, "blog", "all"), MyPaasError, problem);
  }
});
