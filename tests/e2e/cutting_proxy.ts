import { waitUntil } from "../../src/wait.ts";
import { succeeded, type TestServer } from "./lab.ts";

/** What one direction has had since the last `taken()`. */
interface Direction {
  bytes: number;
  /** Where all connections are cut, in bytes, in order. */
  cuts: number[];
  /** Behind so many bytes nothing passes until it is released. */
  hold: { readonly bytes: number; readonly released: Promise<void> } | undefined;
}

/**
 * Passes TCP connections on to a port of this machine, counts what goes through, and cuts them where it is told to. `up` is
 * what comes from the client, `down` what goes to it.
 */
export class CuttingProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #to: number;
  readonly #accepting: Promise<void>;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #joined = new Set<Promise<void>>();
  readonly #directions: Record<"up" | "down", Direction> = {
    up: { bytes: 0, cuts: [], hold: undefined },
    down: { bytes: 0, cuts: [], hold: undefined },
  };

  constructor(to: number) {
    this.#to = to;
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Bytes since the last call. No cut is to come any more. */
  taken(): { readonly up: number; readonly down: number } {
    const { up, down } = this.#directions;
    const taken = { up: up.bytes, down: down.bytes };
    for (const one of [up, down]) Object.assign(one, { bytes: 0, cuts: [] });
    return taken;
  }

  /** Lets exactly so many bytes of a direction through, since `taken()`, then cuts all connections; once for each number. */
  cutAt(direction: "up" | "down", bytes: readonly number[]): void {
    this.#directions[direction].cuts = bytes.toSorted((a, b) => a - b);
  }

  /** How many cuts did not come yet. */
  get cutsLeft(): number {
    return this.#directions.up.cuts.length + this.#directions.down.cuts.length;
  }

  /**
   * Does something when the client has sent so many bytes since `taken()`; what follows is held back meanwhile, so that a
   * push is under way however fast it is.
   */
  async whenSent<T>(bytes: number, act: () => Promise<T>): Promise<T> {
    const { up } = this.#directions;
    const released = Promise.withResolvers<void>();
    up.hold = { bytes, released: released.promise };
    try {
      const what = `the client has sent ${bytes} bytes`;
      await waitUntil(() => up.bytes >= bytes, { what, timeoutMs: 60_000, intervalMs: 5 });
      return await act();
    } finally {
      up.hold = undefined;
      released.resolve();
    }
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const joined = this.#join(client).catch((error) => console.error(`proxy: ${error}`));
      this.#joined.add(joined);
      joined.finally(() => this.#joined.delete(joined));
    }
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    // A server that is just being started again.
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#to }).catch(() => undefined);
    if (server === undefined) return client.close();
    for (const end of [client, server]) this.#open.add(end);
    await Promise.all([
      this.#pass(client, server, this.#directions.up),
      this.#pass(server, client, this.#directions.down),
    ]);
    for (const end of [client, server]) this.#close(end);
  }

  /** Copies one direction to its end, or to a cut. Whoever breaks off ends it. */
  async #pass(from: Deno.TcpConn, to: Deno.TcpConn, direction: Direction): Promise<void> {
    const buffer = new Uint8Array(256 << 10);
    try {
      for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
        const end = passing(direction, read);
        if (direction.hold !== undefined && direction.bytes >= direction.hold.bytes) await direction.hold.released;
        for (let at = 0; at < end;) at += await to.write(buffer.subarray(at, end));
        if (end < read) return this.#cut();
      }
      await to.closeWrite();
    } catch {
      // the other direction ends as well
    }
  }

  #cut(): void {
    for (const end of [...this.#open]) this.#close(end);
  }

  #close(end: Deno.TcpConn): void {
    if (this.#open.delete(end)) end.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#cut();
    await this.#accepting;
    await Promise.all(this.#joined);
  }
}

/** Counts bytes that came. @returns how many of them pass, fewer when they reach a cut */
function passing(direction: Direction, bytes: number): number {
  const before = direction.bytes;
  direction.bytes += bytes;
  const [cut = Infinity] = direction.cuts;
  if (direction.bytes <= cut) return bytes;
  direction.cuts.shift();
  return Math.max(0, cut - before);
}

/** Logs a laptop in, as admin, that reaches its server through a proxy. @returns its environment */
export async function laptopBehind(
  proxy: CuttingProxy,
  server: TestServer,
  name: string,
): Promise<Record<string, string>> {
  const environment = server.laptop(name);
  succeeded(await server.login("lab", await server.invite(name, "admin"), environment));
  const file = `${environment["MYPAAS_CONFIG"]}/servers.yml`;
  const servers = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, servers.replaceAll(`:${server.httpsPort}`, `:${proxy.port}`));
  return environment;
}
