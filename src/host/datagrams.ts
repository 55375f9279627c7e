import { removeFile } from "./files.ts";

/**
 * Sends datagrams to sockets of this machine, one after the other, from a socket file of its own (Deno has no sender
 * without a name).
 */
export class Datagrams implements AsyncDisposable {
  readonly #path: string;
  readonly #socket: Deno.DatagramConn;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(path: string, socket: Deno.DatagramConn) {
    this.#path = path;
    this.#socket = socket;
  }

  /** @param path of its own file; one that a killed process left is replaced */
  static async open(path: string): Promise<Datagrams> {
    await removeFile(path);
    const socket = Deno.listenDatagram({ transport: "unixpacket", path });
    await Deno.chmod(path, 0o600);
    return new Datagrams(path, socket);
  }

  /** Sends behind all that were sent before. @throws when nobody listens there, or it is too long for one datagram */
  send(to: string, bytes: Uint8Array): Promise<void> {
    const sent = this.#last.then(async () => {
      await this.#socket.send(bytes, { transport: "unixpacket", path: to });
    });
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** Waits for what is on its way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    this.#socket.close();
    await removeFile(this.#path);
  }
}
