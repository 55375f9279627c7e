import { CuttingProxy, laptopBehind } from "../../tests/e2e/cutting_proxy.ts";
import { inspect } from "../../tests/e2e/engine.ts";
import { jsonLines, MYPAAS, type Ran, succeeded, type TestServer } from "../../tests/e2e/lab.ts";
import { cpuSeconds } from "../../tests/e2e/processes.ts";
import { peakMemory, resetPeakMemory, useOfChild } from "./peak_memory.ts";

/** What one push was. */
export interface PushFigures {
  readonly seconds: {
    /** From the command's start to its end, but for `deploy`. */
    readonly push: number;
    /** From the acceptance to live: build and roll-out. 0 when nothing was built. */
    readonly deploy: number;
  };
  /** Bytes on the wire as a proxy in between counted them, TLS and headers and all. */
  readonly wire: { readonly up: number; readonly down: number };
  /** What the client says that it sent. */
  readonly toldBytes: number;
  /** CPU seconds of each, which tell more than the time does on a machine that is busy. Traefik's are of TLS. */
  readonly cpu: {
    readonly client: number;
    readonly traefik: number;
    readonly receiver: number;
    readonly daemon: number;
  };
  /** The most memory of each process while it went on, in bytes. */
  readonly peak: { readonly client: number; readonly receiver: number; readonly daemon: number };
}

/** What TLS, headers and questions may add to what the client counts. */
const MOST_OVERHEAD = { share: 0.02, bytes: 64 << 10 };

/** A laptop that reaches its server through a proxy that counts. */
export class PushLaptop implements AsyncDisposable {
  readonly #server: TestServer;
  readonly #proxy: CuttingProxy;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(server: TestServer, proxy: CuttingProxy, environment: Readonly<Record<string, string>>) {
    this.#server = server;
    this.#proxy = proxy;
    this.#environment = environment;
  }

  static async make(server: TestServer): Promise<PushLaptop> {
    const proxy = new CuttingProxy(server.httpsPort);
    const environment = await laptopBehind(proxy, server, "counted");
    return new PushLaptop(server, proxy, environment);
  }

  /** Pushes a project and watches all who take part. */
  async push(project: string): Promise<PushFigures> {
    const { names } = this.#server;
    const [receiver, traefik] = await Promise.all(
      [names.receiver, names.traefik].map(async (name) => (await inspect(name)).State.Pid),
    );
    const daemon = await this.#server.daemonPid();
    if (receiver === undefined || traefik === undefined) throw new Error("Map lost an element");
    for (const pid of [receiver, daemon]) await resetPeakMemory(pid);
    const used = await Promise.all([traefik, receiver, daemon].map(cpuSeconds));
    this.#proxy.taken();
    const before = performance.now();
    const child = new Deno.Command(MYPAAS, {
      args: ["push", "lab", `${project}/Dockerfile`, "--json"],
      env: { NO_COLOR: "1", ...this.#environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [output, client] = await Promise.all([child.output(), useOfChild(child)]);
    const total = (performance.now() - before) / 1000;
    const ran = succeeded(asRan(output));
    const wire = this.#proxy.taken();
    const deploy = deploySeconds(ran);
    const toldBytes = Number(jsonLines(ran).find(({ kind }) => kind === "sent")?.["bytes"]);
    checkTold(toldBytes, wire.up);
    return {
      seconds: { push: total - deploy, deploy },
      wire,
      toldBytes,
      cpu: {
        client: client.cpu,
        traefik: await cpuSeconds(traefik) - (used[0] ?? 0),
        receiver: await cpuSeconds(receiver) - (used[1] ?? 0),
        daemon: await cpuSeconds(daemon) - (used[2] ?? 0),
      },
      peak: { client: client.peak, receiver: await peakMemory(receiver), daemon: await peakMemory(daemon) },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy[Symbol.asyncDispose]();
  }
}

function asRan({ code, stdout, stderr }: Deno.CommandOutput): Ran {
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function deploySeconds(ran: Ran): number {
  const at = (wanted: string) => jsonLines(ran).find(({ kind }) => kind === wanted)?.["time"];
  const [accepted, live] = [at("accepted"), at("live")];
  return accepted === undefined ? 0 : (Date.parse(String(live)) - Date.parse(String(accepted))) / 1000;
}

function checkTold(told: number, counted: number): void {
  if (Math.abs(counted - told) <= counted * MOST_OVERHEAD.share + MOST_OVERHEAD.bytes) return;
  throw new Error(`The client says that it sent ${told} bytes, and ${counted} went through the proxy`);
}
