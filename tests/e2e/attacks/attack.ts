import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Attacker } from "./attacker.ts";
import type { Answered } from "./raw_http.ts";

/** One thing that somebody tries, and what must come of it. */
export interface Attack {
  readonly name: string;
  readonly send: (attacker: Attacker) => Promise<Answered>;
  readonly expect: Expected;
}

/**
 * - a text: our own 4xx, whose sentence has that text
 * - `status`: exactly this, and the text if given
 * - `refused`: a refusal of whoever stands in the way, in whatever words, or the connection is closed
 */
export type Expected =
  | string
  | { readonly status: number; readonly says?: string }
  | "refused";

/** What nobody wants is read for 5 s, and the machine may be busy. */
const SLOWEST_MS = 15_000;

/** Checks what came of an attack. */
export function check(answered: Answered, expect: Expected): void {
  const { status, text, raw, ms } = answered;
  const shown = raw.slice(0, 600);
  assert(ms < SLOWEST_MS, `answered after ${Math.round(ms)} ms: ${shown}`);
  assertEquals(telltale(raw), undefined, shown);
  if (expect === "refused") {
    assert(
      status === 0 || (status >= 400 && status < 500) || isTraefiks(answered),
      shown,
    );
    return;
  }
  const { status: wanted, says = "" } = typeof expect === "string" ? { status: undefined, says: expect } : expect;
  if (wanted === undefined) assert(status >= 400 && status < 500, shown);
  else assertEquals(status, wanted, shown);
  if (status < 400) return assertStringIncludes(text, says);
  // An answer of ours that refuses is one sentence, in JSON.
  const { error: { message } } = JSON.parse(text);
  assertStringIncludes(message, says);
  assert(/^Cannot [^\n]{5,700}$/.test(message) && !message.endsWith("."), text.slice(0, 800));
}

/**
 * Whether nobody of ours took a request: Traefik does not know what it asks for, it broke off on its way, or its sender had
 * gone when its turn came.
 */
export function isTraefiks({ status, text, headers }: Answered): boolean {
  if (status === 200) return text === "" && !headers.has("mypaas-version");
  if (status === 501 || status === 505) return true;
  return (status === 500 && text === "Internal Server Error") || (status === 502 && text === "Bad Gateway");
}

/** What an answer would tell about the server's inside: a stack trace, a path, a bug. */
export function telltale(raw: string): string | undefined {
  return /\n\s+at \S|file:\/\/|\.ts:\d|\/tmp\/mp-|\/var\/lib\/|\/spool\/|TypeError|the server has a bug/.exec(raw)?.[0];
}
