import { assertEquals } from "@std/assert";
import { askHeader } from "../../src/host/ask_header.ts";

/** Answers every connection with raw bytes, and notes what was asked. */
class RawServer implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #served: Promise<void>;

  constructor(answer: string | undefined) {
    this.#served = this.#serve(answer);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #serve(answer: string | undefined): Promise<void> {
    const open: Deno.Conn[] = [];
    for await (const connection of this.#listener) {
      open.push(connection);
      const buffer = new Uint8Array(4096);
      const count = await connection.read(buffer) ?? 0;
      this.asked.push(new TextDecoder().decode(buffer.subarray(0, count)));
      if (answer !== undefined) await connection.write(new TextEncoder().encode(answer));
    }
    open.forEach((connection) => connection.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#served;
  }
}

function ask(port: number) {
  return askHeader({ address: "127.0.0.1", port, host: "shop.test", path: "/a", header: "mypaas-proof" });
}

Deno.test("askHeader() asks one address under another name and reads one header, whatever the status, following nowhere", async () => {
  await using proving = new RawServer("HTTP/1.1 418 I'm a teapot\r\nMypaas-Proof: b\r\nContent-Length: 0\r\n\r\n");
  assertEquals(await ask(proving.port), { kind: "answer", header: "b" });
  const [asked = ""] = proving.asked;
  assertEquals(
    [asked.startsWith("GET /a HTTP/1.1\r\n"), /^host: shop\.test:\d+\r$/im.test(asked)],
    [true, true],
    asked,
  );

  await using leading = new RawServer(
    `HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:${proving.port}/a\r\nContent-Length: 0\r\n\r\n`,
  );
  assertEquals(await ask(leading.port), { kind: "answer", header: undefined });
  assertEquals(proving.asked.length, 1);
});

Deno.test("askHeader() is content with the head of an answer without end", async () => {
  await using endless = new RawServer("HTTP/1.1 200 OK\r\nMypaas-Proof: b\r\nContent-Length: 1000000000\r\n\r\nand");
  assertEquals(await ask(endless.port), { kind: "answer", header: "b" });
});

Deno.test("askHeader() tells a closed port from one that does not answer, or speaks something else", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  assertEquals(await ask(port), { kind: "refused" });
  await using silent = new RawServer(undefined);
  assertEquals(await ask(silent.port), { kind: "no answer" });
  await using strange = new RawServer("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  assertEquals(await ask(strange.port), { kind: "no answer" });
  await using huge = new RawServer(`HTTP/1.1 200 OK\r\nA: ${"a".repeat(4_000_000)}\r\n\r\n`);
  assertEquals(await ask(huge.port), { kind: "answer", header: undefined });
});

Deno.test("askHeader() takes a header in any case, and none that has another's name in it", async () => {
  const answer = (line: string) => new RawServer(`HTTP/1.1 200 OK\r\n${line}\r\nContent-Length: 0\r\n\r\n`);
  await using upper = answer("MYPAAS-PROOF:b");
  assertEquals(await ask(upper.port), { kind: "answer", header: "b" });
  await using other = answer("X-Mypaas-Proof: b");
  assertEquals(await ask(other.port), { kind: "answer", header: undefined });
  await using body = new RawServer("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n\r\nmypaas-proof: b\r\n");
  assertEquals(await ask(body.port), { kind: "answer", header: undefined });
});
