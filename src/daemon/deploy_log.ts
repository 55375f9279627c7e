import { type DeployEvent, isEnd, type NumberedEvent } from "../wire/events.ts";

/** A deploy tells at most so many events with so many characters; what comes after is left out, its end never is. */
const MAX_EVENTS = 20_000;
const MAX_CHARACTERS = 2 << 20;

/**
 * What one deploy has told so far. Anybody may follow it, from any point, as often as they like; the deploy never waits
 * for them.
 */
export class DeployLog {
  readonly #events: NumberedEvent[] = [];
  readonly #now: () => Date;
  #changed = Promise.withResolvers<void>();
  #end: NumberedEvent | undefined;
  #characters = 0;
  #full = false;

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** How it ended; undefined while it goes on. */
  get end(): NumberedEvent | undefined {
    return this.#end;
  }

  add(event: DeployEvent): void {
    const end = isEnd(event);
    if (this.#end !== undefined || (!end && this.#full)) return;
    if ("text" in event) this.#characters += event.text.length;
    this.#full = this.#events.length >= MAX_EVENTS || this.#characters > MAX_CHARACTERS;
    const told: DeployEvent = this.#full && !end ? { kind: "warning", text: "more lines are left out" } : event;
    const numbered: NumberedEvent = { ...told, seq: this.#events.length + 1, time: this.#now().toISOString() };
    this.#events.push(numbered);
    if (end) this.#end = numbered;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** The events after number `after` as they come, up to the end of the deploy or until `signal` is aborted. */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<NumberedEvent> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    for (let next = Math.max(0, after); !signal.aborted; next++) {
      while (next >= this.#events.length && this.#end === undefined && !signal.aborted) {
        await Promise.race([this.#changed.promise, aborted]);
      }
      const event = this.#events[next];
      if (event === undefined || signal.aborted) return;
      yield event;
    }
  }
}
