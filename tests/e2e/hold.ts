import { assertEquals } from "@std/assert";
import { type LoadRequest, spread } from "./load.ts";
import { succeeded, type TestServer } from "./lab.ts";
import type { AppProject } from "./project.ts";

const RATE = 50;

export interface HoldResult {
  readonly sent: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Requests that came before the replica that answered them listened. */
  readonly held: number;
  /** From the moment it listened to their answers, in milliseconds. */
  readonly extra: { readonly p50: number; readonly p99: number; readonly max: number };
  /** The longest that anybody waited, in milliseconds. */
  readonly max: number;
}

/**
 * Replaces a release stop-first under 50 requests/s by one that boots for some time; or, when it `fails`, that exits
 * instead of listening, so that the old one, which boots as long, comes back for those who wait.
 */
export async function measureHold(
  server: TestServer,
  { boot, fails }: { readonly boot: string; readonly fails: boolean },
): Promise<HoldResult> {
  const name = `hold-${fails ? "fails" : "boots"}`;
  const project = (app: Record<string, string>): AppProject => ({
    name,
    options: { domain: `${name}.test` },
    app: { TEXT: "{ready}", BOOT: boot, ...app },
  });
  // Only an old one that comes back has to boot while somebody waits.
  succeeded(await server.push(project(fails ? {} : { BOOT: "0s" })));
  const load = server.load(`${name}.test`, RATE);
  const ran = await server.push(project(fails ? { EXIT_AFTER: "500ms", EXIT_CODE: "1" } : {}));
  assertEquals(ran.code, fails ? 5 : 0, ran.stderr);
  const { sent, failed, failures, requests, max } = await load.stop();
  const extra = requests.flatMap(extraWait);
  return { sent, failed, failures, held: extra.length, extra: spread(extra), max };
}

/** How long a request waited after the replica that answered it listened; nothing if it listened before. */
function extraWait({ at, ms, ok, text }: LoadRequest): readonly number[] {
  const ready = Number(text);
  return ok && at < ready ? [at + ms - ready] : [];
}
