import { assertEquals } from "@std/assert";
import { createSocket, type Socket } from "node:dgram";
import { nameRecords } from "../../src/host/name_records.ts";

const TYPE = { A: 1, AAAA: 28 } as const;
const RCODE = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const;

interface Zone {
  readonly rcode?: keyof typeof RCODE;
  readonly A?: readonly number[];
  readonly AAAA?: readonly number[];
  /** Never answered. */
  readonly silent?: boolean;
}

/** A name server of one question a message (RFC 1035, 4.1), without compression. */
class NameServer implements AsyncDisposable {
  /** The names it was asked for. */
  readonly asked: string[] = [];
  readonly #socket: Socket;

  private constructor(zones: Readonly<Record<string, Zone>>, socket: Socket) {
    this.#socket = socket;
    socket.on("message", (message, { port, address }) => {
      const answer = this.#answer(message, zones);
      if (answer !== undefined) socket.send(answer, port, address);
    });
  }

  static async start(zones: Readonly<Record<string, Zone>>): Promise<NameServer> {
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return new NameServer(zones, socket);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  #answer(message: Uint8Array, zones: Readonly<Record<string, Zone>>): Uint8Array | undefined {
    const labels: string[] = [];
    let at = 12;
    for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
      labels.push(new TextDecoder().decode(message.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
    const name = labels.join(".");
    this.asked.push(name);
    const { rcode = "NOERROR", silent, ...records } = zones[name] ?? { rcode: "NXDOMAIN" };
    if (silent) return undefined;
    const type = message[at + 2];
    const data = type === TYPE.A ? records.A : type === TYPE.AAAA ? records.AAAA : undefined;
    const [id = [], question = []] = [message.subarray(0, 2), message.subarray(12, at + 5)];
    const head = [...id, 0x81, 0x80 | RCODE[rcode], 0, 1, 0, data === undefined ? 0 : 1, 0, 0, 0, 0];
    const record = data === undefined ? [] : [0xc0, 12, 0, type ?? 0, 0, 1, 0, 0, 0, 0, 0, data.length, ...data];
    return Uint8Array.from([...head, ...question, ...record]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

Deno.test("nameRecords() gives IPv4 and IPv6 addresses, and tells no such name from no answer", async () => {
  await using server = await NameServer.start({
    "shop.test": { A: [192, 0, 2, 1], AAAA: [0x20, 1, 0x0d, 0xb8, ...Array(11).fill(0), 1] },
    "four.test": { A: [192, 0, 2, 2] },
    "mail.test": {},
    "broken.test": { rcode: "SERVFAIL" },
    "silent.test": { silent: true },
  });
  const of = (domain: string) => nameRecords(domain, server.address);
  assertEquals(await of("shop.test"), { kind: "addresses", addresses: ["192.0.2.1", "2001:db8::1"] });
  assertEquals(await of("four.test"), { kind: "addresses", addresses: ["192.0.2.2"] });
  assertEquals(await of("mail.test"), { kind: "none" });
  assertEquals(await of("nobody.test"), { kind: "none" });
  // Deno does not tell a name server that failed from one that knows no such record.
  assertEquals(await of("broken.test"), { kind: "none" });
  assertEquals(await of("silent.test"), { kind: "no answer" });
  assertEquals(server.asked.filter((name) => name.startsWith("nobody")).every((name) => name === "nobody.test"), true);
});
