import type { LogLine } from "../deploy/runtime.ts";
import type { LogStreamLine } from "../wire/log_lines.ts";

/** The log of one replica, to be opened. */
export interface LogSource {
  readonly name: string;
  readonly lines: (signal: AbortSignal) => AsyncIterable<LogLine>;
}

/**
 * Joins the logs of several replicas.
 *
 * @param options `ordered`: all lines by time, after the last was read (for logs that end); else each as it comes
 */
export async function* mergeLogs(
  sources: readonly LogSource[],
  { ordered, signal }: { readonly ordered: boolean; readonly signal: AbortSignal },
): AsyncGenerator<LogStreamLine> {
  let count = 0;
  const all: LogLine[] = [];
  for await (const line of together(sources.map((source) => source.lines(signal)))) {
    count++;
    if (ordered) all.push(line);
    else yield { kind: "line", ...line };
  }
  all.sort((a, b) => a.time < b.time ? -1 : a.time > b.time ? 1 : 0);
  for (const line of all) yield { kind: "line", ...line };
  yield { kind: "end", lines: count };
}

/** Whatever comes first from any of them, until all have ended. */
async function* together<T>(iterables: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = iterables.map((iterable) => iterable[Symbol.asyncIterator]());
  const next = (index: number) => {
    const coming = iterators[index]?.next().then((result) => ({ index, result }));
    // It is raced only when more is wanted; it may fail before that, or be wanted never.
    coming?.catch(() => {});
    return coming;
  };
  const waiting = new Map(iterators.map((_, index) => [index, next(index)]));
  try {
    while (waiting.size > 0) {
      const first = await Promise.race(waiting.values());
      if (first === undefined) return;
      if (first.result.done === true) {
        waiting.delete(first.index);
      } else {
        waiting.set(first.index, next(first.index));
        yield first.result.value;
      }
    }
  } finally {
    for (const index of waiting.keys()) void iterators[index]?.return?.()?.catch(() => {});
  }
}
