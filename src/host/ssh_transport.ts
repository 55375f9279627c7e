import { SOCKET_BASE } from "../wire/socket_base.ts";
import type { SshServer } from "../wire/ssh_url.ts";
import type { Transport } from "../client/transport.ts";
import { MyPaasError } from "../error.ts";
import { TimeoutError, within } from "../wait.ts";
import { fetchTransport } from "./fetch_transport.ts";
import { SshProcess } from "./ssh_process.ts";

export interface SshTransportOptions {
  /** Nobody is there whom ssh could ask for a password or about a host key. */
  readonly batch: boolean;
  readonly answerTimeoutMs?: number | undefined;
}

const ANSWER_MS = 60_000;
/** How long a person may take to answer what ssh asks. */
const ASKING_MS = 10 * 60_000;

/** One ssh, and the requests over it. */
interface Way {
  readonly ssh: SshProcess;
  readonly requests: Transport;
}

interface Opening {
  readonly way: Promise<Way>;
  readonly end: AbortController;
}

/**
 * The way to a server over ssh: it runs `mypaas relay` there, and all requests share its standard input and output as one
 * connection of HTTP/2, so a command needs one handshake of ssh. When that breaks, the next request opens another.
 */
export function sshTransport(server: SshServer, options: SshTransportOptions): Transport {
  return new SshTransport(server, options);
}

class SshTransport implements Transport {
  readonly name: string;
  readonly #server: SshServer;
  readonly #options: SshTransportOptions;
  #opening: Opening | undefined;

  constructor(server: SshServer, options: SshTransportOptions) {
    this.name = server.url;
    this.#server = server;
    this.#options = options;
  }

  async send(path: string, init: Parameters<Transport["send"]>[1]): Promise<Response> {
    const { ssh, requests } = await this.#way(init.signal);
    try {
      return await requests.send(path, init);
    } catch (error) {
      init.signal?.throwIfAborted();
      // When ssh has ended, that is the reason.
      throw await ssh.failure() ?? error;
    }
  }

  close(): void {
    if (this.#opening !== undefined) this.#leave(this.#opening);
  }

  async #way(signal: AbortSignal | undefined): Promise<Way> {
    const { batch, answerTimeoutMs = ANSWER_MS } = this.#options;
    const timeoutMs = batch ? answerTimeoutMs : ASKING_MS;
    const opening = this.#opening ??= this.#open();
    try {
      return await within(opening.way, { what: "ssh connects", timeoutMs, signal });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      this.#leave(opening);
      throw new MyPaasError(`Cannot reach ${this.name}: it does not answer`, {
        cause: error,
        hint: `See that this works: ssh ${this.name}`,
      });
    }
  }

  #open(): Opening {
    const end = new AbortController();
    const opening = { end, way: this.#connect(end.signal) };
    const leave = () => this.#leave(opening);
    opening.way.then(({ ssh }) => ssh.ended.then(leave), leave);
    return opening;
  }

  #leave(opening: Opening): void {
    if (this.#opening === opening) this.#opening = undefined;
    opening.end.abort();
  }

  async #connect(signal: AbortSignal): Promise<Way> {
    const { batch, answerTimeoutMs } = this.#options;
    const ssh = await SshProcess.start(this.#server, { batch, signal });
    const requests = fetchTransport({
      name: this.name,
      base: SOCKET_BASE,
      client: Deno.createHttpClient({
        proxy: { transport: "unix", path: ssh.socket },
        // Both ends are ours, so HTTP/2 is not agreed upon first; one connection, for as long as it lasts.
        http1: false,
        poolIdleTimeout: false,
      }),
      answerTimeoutMs,
      describe: (failure) =>
        failure === "time-out"
          ? { problem: "it does not answer", hint: "Look there: systemctl status mypaas" }
          : { problem: "the connection broke off", hint: "Try again." },
    });
    signal.addEventListener("abort", () => requests.close(), { once: true });
    if (signal.aborted) requests.close();
    return { ssh, requests };
  }
}
