/** Passes TCP connections on to a port of this machine and counts what goes through. */
export class CountingProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #to: number;
  readonly #accepting: Promise<void>;
  #up = 0;
  #down = 0;

  constructor(to: number) {
    this.#to = to;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Bytes from and to the client since the last call. */
  taken(): { readonly up: number; readonly down: number } {
    const taken = { up: this.#up, down: this.#down };
    this.#up = 0;
    this.#down = 0;
    return taken;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      this.#join(client).catch((error) => console.error(`proxy: ${error}`));
    }
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#to });
    const up = pass(client, server, (count) => this.#up += count);
    const down = pass(server, client, (count) => this.#down += count);
    await Promise.all([up, down]);
    for (const end of [client, server]) end.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }
}

/** Copies one direction to its end. Whoever breaks off ends it. */
async function pass(from: Deno.TcpConn, to: Deno.TcpConn, count: (bytes: number) => void): Promise<void> {
  const buffer = new Uint8Array(256 << 10);
  try {
    for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
      count(read);
      for (let at = 0; at < read;) at += await to.write(buffer.subarray(at, read));
    }
    await to.closeWrite();
  } catch {
    // the other direction ends as well
  }
}
