import { type ReplicaId, replicaName } from "../service/names.ts";
import type { LogLine, Runtime } from "./runtime.ts";

const LINES = 20;
const TIMEOUT_MS = 5000;

/** The end of what replicas of one release wrote, as `joinTails` puts it together. */
export async function logTail(
  runtime: Pick<Runtime, "logs">,
  replicas: readonly ReplicaId[],
): Promise<readonly string[]> {
  return joinTails(
    await Promise.all(replicas.map(async (id) => {
      const lines = { replica: replicaName(id), lines: new Array<LogLine>() };
      const query = { follow: false, tail: LINES };
      for await (const line of runtime.logs(id, query, AbortSignal.timeout(TIMEOUT_MS))) lines.lines.push(line);
      return lines;
    })),
  );
}

/**
 * Joins the ends of several logs by time. Replicas of one release write mostly the same: what all of them wrote is there
 * once, and what only some did has their names before it. Pure.
 */
export function joinTails(
  tails: readonly { readonly replica: string; readonly lines: readonly Pick<LogLine, "time" | "text">[] }[],
): readonly string[] {
  const joined = new Map<string, { readonly time: string; readonly text: string; readonly by: string[] }>();
  for (const { replica, lines } of tails) {
    const seen = new Map<string, number>();
    for (const { time, text } of lines) {
      // The second of two equal lines is another one than the first.
      const nth = (seen.get(text) ?? 0) + 1;
      seen.set(text, nth);
      const key = `${nth} ${text}`;
      const known = joined.get(key);
      if (known === undefined) joined.set(key, { time, text, by: [replica] });
      else known.by.push(replica);
    }
  }
  const inOrder = [...joined.values()].sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : 0);
  return inOrder.slice(-LINES).map(({ text, by }) => by.length === tails.length ? text : `${by.join(", ")}: ${text}`);
}
