/** A small proxy on 127.0.0.1 that knows CONNECT (RFC 9110, 9.3.6). */
export class ConnectProxy implements AsyncDisposable {
  /** Targets that were asked for, such as `127.0.0.1:8443`, with the login that was given. */
  readonly asked: string[] = [];
  /** Where it finds names that nobody else knows. */
  readonly hosts = new Map<string, string>();
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #refusal: string | undefined;
  readonly #served: Promise<void>;

  /** @param refusal the status with which it refuses all, such as `403 Forbidden` */
  constructor(refusal?: string) {
    this.#refusal = refusal;
    this.#served = this.#serve();
  }

  /** Its address, without a scheme. */
  get address(): string {
    return `127.0.0.1:${this.#listener.addr.port}`;
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#tunnel(connection).catch(() => {}).finally(() => close(connection));
    }
  }

  async #tunnel(connection: Deno.TcpConn): Promise<void> {
    let head = "";
    const buffer = new Uint8Array(4096);
    while (!head.includes("\r\n\r\n")) {
      const count = await connection.read(buffer);
      if (count === null) return;
      head += new TextDecoder().decode(buffer.subarray(0, count));
    }
    const [, hostname = "", port = ""] = /^CONNECT ([^ ]*):(\d+) HTTP/.exec(head) ?? [];
    const login = /^proxy-authorization: (.*)\r$/im.exec(head)?.[1] ?? "";
    this.asked.push(`${hostname}:${port} ${login}`.trim());
    const write = (text: string) => connection.write(new TextEncoder().encode(`HTTP/1.1 ${text}\r\n\r\n`));
    if (this.#refusal !== undefined) return void await write(this.#refusal);
    const target = await Deno.connect({ hostname: this.hosts.get(hostname) ?? hostname, port: Number(port) });
    await write("200 Connection established");
    await Promise.allSettled([
      connection.readable.pipeTo(target.writable),
      target.readable.pipeTo(connection.writable),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#served.catch(() => {});
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // it is closed already
  }
}
