import { assertEquals, assertRejects } from "@std/assert";
import { interruptible, type InterruptibleParts } from "../../src/cli/interruptible.ts";
import type { JsonOptions } from "../../src/client/connection.ts";
import { MyPaasError, NotReadyError } from "../../src/error.ts";

const ACCEPTED = { kind: "accepted", deploy: "blog.7", service: "blog", release: 7 } as const;

/** Ctrl-C as a person presses it: so many times, each when it is asked for. */
function parts(presses: number, told: string[] = []): InterruptibleParts {
  let pressed = 0;
  return {
    interrupts: { next: () => pressed++ < presses ? Promise.resolve() : new Promise(() => {}) },
    tell: (line) => void told.push(line),
    attachCommand: (deploy) => `mypaas attach ${deploy}`,
    connection: {
      json: <T>(method: string, path: string, { parse }: JsonOptions<T>): Promise<T> => {
        told.push(`${method} ${path}`);
        return Promise.resolve(parse({ cancelled: ["blog.7"] }));
      },
    },
    secondMs: 20,
  };
}

/** A push that goes on until it is interrupted. */
function endless(...events: readonly { readonly kind: string }[]): Parameters<typeof interruptible<void>>[1] {
  return (signal, noteEvent) => {
    events.forEach(noteEvent);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
}

Deno.test("interruptible() passes on what the work gives, and how it fails", async () => {
  assertEquals(await interruptible(parts(0), () => Promise.resolve(7)), 7);
  await assertRejects(() => interruptible(parts(0), () => Promise.reject(new NotReadyError("no"))), NotReadyError);
});

Deno.test("Ctrl-C before the deploy is accepted changes nothing and says so", async () => {
  const told: string[] = [];
  const error = await assertRejects(() => interruptible(parts(1, told), endless()), MyPaasError);
  assertEquals([error.message, told], ["Cannot deploy: interrupted, and nothing was changed", []]);
});

Deno.test("the first Ctrl-C leaves an accepted deploy to itself, and says how to see it", async () => {
  const told: string[] = [];
  const error = await assertRejects(() => interruptible(parts(1, told), endless(ACCEPTED)), MyPaasError);
  assertEquals(error.message, 'Cannot tell how "blog.7" ends: interrupted');
  assertEquals(told, [
    "blog.7 goes on by itself; follow it with: mypaas attach blog.7",
    "Ctrl-C once more cancels it",
  ]);
});

Deno.test("a second Ctrl-C cancels the deploy", async () => {
  const told: string[] = [];
  const error = await assertRejects(() => interruptible(parts(2, told), endless(ACCEPTED)), MyPaasError);
  assertEquals(error.message, 'Cannot finish the deploy "blog.7": you cancelled it');
  assertEquals(told.at(-1), "POST /v1/services/blog/cancel");
});
