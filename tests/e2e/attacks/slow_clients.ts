import { within } from "../../../src/wait.ts";
import { type Attacker, bytesOf, type Door } from "./attacker.ts";
import { close } from "./raw_http.ts";

/** Clients that have begun a request and do not go on. */
export class SlowClients implements Disposable {
  readonly #connections: readonly Deno.Conn[];

  private constructor(connections: readonly Deno.Conn[]) {
    this.#connections = connections;
  }

  /** Connects so many, which have sent no more than a beginning each. `{host}` stands for the server's own. */
  static async connect(
    attacker: Attacker,
    count: number,
    { beginning, door }: { readonly beginning: string; readonly door: Door },
  ): Promise<SlowClients> {
    const bytes = bytesOf(beginning.replaceAll("{host}", attacker.host));
    return new SlowClients(
      await Promise.all(Array.from({ length: count }, async () => {
        const connection = await attacker.connect(door);
        await connection.write(bytes);
        return connection;
      })),
    );
  }

  /** Waits until each has been answered, or its connection closed. @returns the statuses */
  async answered(timeoutMs: number): Promise<readonly number[]> {
    const heads = this.#connections.map(async (connection) => {
      const buffer = new Uint8Array(1024);
      const count = await connection.read(buffer).catch(() => null);
      return Number(/^HTTP\/1\.1 (\d{3})/.exec(new TextDecoder().decode(buffer.subarray(0, count ?? 0)))?.[1] ?? 0);
    });
    return await within(Promise.all(heads), { what: "every slow client is answered", timeoutMs });
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections) close(connection);
  }
}
