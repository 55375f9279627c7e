import type { SshServer } from "../wire/ssh_url.ts";
import { MyPaasError } from "../error.ts";
import { within } from "../wait.ts";
import { RELAY_HELLO } from "../wire/caller.ts";
import { sshFailure } from "./ssh_failure.ts";
import { RELAY_COMMAND, sshWords } from "./ssh_words.ts";

/** Ctrl-C goes to the whole group of a terminal; we decide what it means, so ssh is started deaf to it. */
const DEAF = 'trap "" INT QUIT; exec "$@"';

/** Bytes of noise that a login may write before the relay does. */
const MAX_NOISE_BYTES = 64 << 10;
/** How much of what ssh says is kept. */
const MAX_LINES = 40;
const MAX_LINE_CHARACTERS = 500;

/** How long ssh may take to end, and to say why, after its channel broke. */
const END_MS = 1000;

export interface SshProcessOptions {
  readonly batch: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** An ssh that runs `mypaas relay` on a server. */
export class SshProcess {
  /** Fulfilled when ssh has ended. */
  readonly ended: Promise<void>;
  readonly #server: SshServer;
  readonly #child: Deno.ChildProcess;
  readonly #said: string[] = [];
  readonly #allSaid: Promise<void>;
  #door: Door | undefined;

  private constructor(server: SshServer, batch: boolean) {
    this.#server = server;
    this.#child = new Deno.Command("sh", {
      args: ["-c", DEAF, "sh", "ssh", ...sshWords(server, RELAY_COMMAND, { batch })],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#allSaid = keepLines(this.#child.stderr, this.#said).catch(() => {});
    this.ended = this.#child.status.then(() => {});
  }

  /**
   * Starts it and waits until the relay answers.
   *
   * @throws {MyPaasError} with the sentence of `sshFailure` when ssh ends before that
   */
  static async start(server: SshServer, { batch, signal }: SshProcessOptions): Promise<SshProcess> {
    const ssh = new SshProcess(server, batch);
    const end = () => ssh.end();
    signal.addEventListener("abort", end, { once: true });
    ssh.ended.then(() => signal.removeEventListener("abort", end));
    if (signal.aborted) ssh.end();
    const reader = ssh.#child.stdout.getReader();
    const rest = await readHello(reader).catch(() => undefined);
    if (rest === undefined) {
      // Not killed before it has said why.
      const failure = await ssh.failure();
      ssh.end();
      throw failure ?? new MyPaasError(`Cannot reach ${server.url}: what answers there is not mypaas`, { skew: true });
    }
    const door = new Door();
    ssh.#door = door;
    ssh.#join(door, reader, rest).catch(() => {}).then(() => soon(ssh.ended)).finally(end);
    return ssh;
  }

  /** A unix socket whose first connection is joined to the relay. */
  get socket(): string {
    if (this.#door === undefined) throw new Error("the relay has not answered yet");
    return this.#door.path;
  }

  /** Why ssh ended; undefined when it goes on. */
  async failure(): Promise<MyPaasError | undefined> {
    const { ended } = this;
    if (!await soon(ended)) return undefined;
    // A master connection of ssh that stays behind may keep standard error open.
    await soon(this.#allSaid);
    const { code } = await this.#child.status;
    return sshFailure(this.#server.url, { code, lines: this.#said, reached: this.#door !== undefined });
  }

  /** Ends it, and what is open to it. */
  end(): void {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // it has ended by itself
    }
    this.#door?.close();
  }

  async #join(door: Door, reader: ReadableStreamDefaultReader<Uint8Array>, rest: Uint8Array): Promise<void> {
    const connection = await door.accept();
    const up = connection.readable.pipeTo(this.#child.stdin);
    const down = copy(reader, rest, connection.writable);
    await Promise.race([up, down]);
  }
}

/** A socket for one connection, in a folder of its own (0700), which is gone as soon as that connection is there. */
class Door {
  readonly path: string;
  readonly #folder = Deno.makeTempDirSync({ prefix: "mypaas-ssh-" });
  readonly #listener: Deno.UnixListener;

  constructor() {
    this.path = `${this.#folder}/s`;
    this.#listener = Deno.listen({ transport: "unix", path: this.path });
  }

  async accept(): Promise<Deno.UnixConn> {
    try {
      return await this.#listener.accept();
    } finally {
      this.close();
    }
  }

  /** Done before it returns, for the program may be about to end. */
  close(): void {
    try {
      this.#listener.close();
      Deno.removeSync(this.#folder, { recursive: true });
    } catch {
      // it was closed before
    }
  }
}

async function soon(event: Promise<unknown>): Promise<boolean> {
  return await within(event, { what: "ssh ends", timeoutMs: END_MS }).then(() => true, () => false);
}

/** Reads up to the relay's first line. @returns what came behind it; undefined when there is no such line */
async function readHello(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  // Latin 1: one character for each byte.
  let text = "";
  while (text.length < MAX_NOISE_BYTES) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    text += Array.from(value, (byte) => String.fromCharCode(byte)).join("");
    const at = text.indexOf(RELAY_HELLO);
    if (at !== -1) return Uint8Array.from(text.slice(at + RELAY_HELLO.length), (character) => character.charCodeAt(0));
  }
  return undefined;
}

async function copy(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  first: Uint8Array,
  to: WritableStream<Uint8Array>,
): Promise<void> {
  const writer = to.getWriter();
  if (first.length > 0) await writer.write(first);
  while (true) {
    const { done, value } = await reader.read();
    if (done) return await writer.close();
    await writer.write(value);
  }
}

async function keepLines(stream: ReadableStream<Uint8Array<ArrayBuffer>>, lines: string[]): Promise<void> {
  const add = (text: string) => {
    const line = text.trimEnd().slice(0, MAX_LINE_CHARACTERS);
    if (line !== "") lines.push(line);
    if (lines.length > MAX_LINES) lines.shift();
  };
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = (parts.pop() ?? "").slice(0, MAX_LINE_CHARACTERS);
    parts.forEach(add);
  }
  add(rest);
}
