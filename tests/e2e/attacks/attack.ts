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
 * - `refused`: a 4xx of whoever stands in the way, or the connection is closed
 * - `harmless`: refused or the answer to an ordinary request, and never an answer more than was asked for
 */
export type Expected =
  | string
  | { readonly status: number; readonly says?: string }
  | "refused"
  | "harmless";

/** Checks what came of an attack. */
export function check(answered: Answered, expect: Expected): void {
  const { status, text, raw, ms } = answered;
  const shown = raw.slice(0, 600);
  assert(ms < 5000, `answered after ${Math.round(ms)} ms: ${shown}`);
  assertEquals(telltale(raw), undefined, shown);
  if (expect === "refused" || expect === "harmless") {
    const answers = raw.match(/HTTP\/1\.[01] [2-5]\d\d/g) ?? [];
    assert(answers.length <= 1, `answered ${answers.length} times: ${shown}`);
    const fine = status === 0 || (status >= 400 && status < 500) || (expect === "harmless" && status === 200);
    assert(fine, shown);
    return;
  }
  const { status: wanted, says = "" } = typeof expect === "string" ? { status: undefined, says: expect } : expect;
  if (wanted === undefined) assert(status >= 400 && status < 500, shown);
  else assertEquals(status, wanted, shown);
  assertStringIncludes(text, says);
  if (status >= 400) assertSentence(text);
}

/** An answer of ours that refuses is one sentence, in JSON. */
function assertSentence(text: string): void {
  const { error: { message } } = JSON.parse(text);
  assert(/^Cannot [^\n]{5,700}$/.test(message) && !message.endsWith("."), text.slice(0, 800));
}

/** What an answer would tell about the server's inside: a stack trace, a path, a bug. */
export function telltale(raw: string): string | undefined {
  return /\n\s+at \S|file:\/\/|\.ts:\d|\/tmp\/mp-|\/var\/lib\/|\/spool\/|TypeError|the server has a bug/.exec(raw)?.[0];
}
