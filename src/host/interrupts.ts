/** Ctrl-C (SIGINT) of this process, from when this is made until it is disposed of. */
export class Interrupts implements Disposable {
  readonly #waiting: (() => void)[] = [];
  readonly #listener = () => this.#waiting.shift()?.();

  constructor() {
    Deno.addSignalListener("SIGINT", this.#listener);
  }

  /** Fulfilled at the next one that nobody asked for before. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#listener);
  }
}
