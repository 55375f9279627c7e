import type { Transport } from "../../src/client/transport.ts";

export type TestHandler = (request: Request) => Promise<Response> | Response;

/** A way to a handler in this process, without a socket; what the handler throws is thrown by `send`. */
export class HandlerTransport implements Transport {
  readonly name = "https://paas.example";
  readonly #handler: TestHandler;
  closed = false;

  constructor(handler: TestHandler) {
    this.#handler = handler;
  }

  async send(path: string, init: Parameters<Transport["send"]>[1]): Promise<Response> {
    return await this.#handler(new Request(`http://paas.example${path}`, init));
  }

  close(): void {
    this.closed = true;
  }
}
