import { MyPaasError } from "../error.ts";
import { SOCKET_BASE } from "../wire/socket_base.ts";
import { connectionError, EngineError, engineReason } from "./engine_error.ts";
import type { DockerRequest, DockerStream } from "./request.ts";
import { engineVersion } from "./system_requests.ts";

/** API 1.51 keeps one layout of fields on Engine 28 and 29; 1.41 is Engine 20.10 (Docker's "API version matrix"). */
const NEWEST_API = 51;
const OLDEST_API = 41;

/** What was agreed with the Engine. */
export interface EngineApi {
  /** Such as `1.41`. */
  readonly version: string;
  /** The number behind `1.`. */
  readonly minor: number;
  /** The newest the Engine speaks, as it says with each answer. */
  readonly engineMax: string;
  /** Version of the Engine, such as `20.10.24`. */
  readonly engine: string;
}

/** Anything with an answer from the socket. */
interface Call {
  readonly action: string;
  readonly method: "GET" | "HEAD" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: BodyInit | undefined;
  readonly json?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The only door to the Docker socket. Every call is a connection of its own: a pooled one that died with a restarted
 * Engine would fail the next request.
 */
export class DockerClient {
  readonly socket: string;
  #http: Deno.HttpClient | undefined;
  #api: Promise<EngineApi> | undefined;

  constructor(socket = "/var/run/docker.sock") {
    this.socket = socket;
  }

  /**
   * What this program and the Engine both speak; asked once, and again after the Engine was replaced.
   *
   * @throws {MyPaasError} when the Engine is too old or too new, or does not answer
   */
  api(): Promise<EngineApi> {
    const api = this.#api ??= this.#negotiate();
    api.catch(() => {
      if (this.#api === api) this.#api = undefined;
    });
    return api;
  }

  /** Whether the Engine answers now. */
  async answers(signal?: AbortSignal): Promise<boolean> {
    try {
      await this.#ping(signal);
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof EngineError) return false;
      throw error;
    }
  }

  /** @throws {EngineError} when Docker refuses or does not answer */
  async run<T>(request: DockerRequest<T>, signal?: AbortSignal): Promise<T> {
    const json = request.body !== undefined;
    const body = json ? JSON.stringify(request.body) : undefined;
    const response = await this.#versioned({ ...request, body, json }, signal);
    return request.decode(await this.#json(response, request, signal));
  }

  /**
   * Makes a call whose answer is read as it comes. The connection is closed when the consumer leaves its loop and when
   * the signal aborts (then it throws the signal's reason).
   */
  async *stream<T>(request: DockerStream<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
    const left = new AbortController();
    const either = AbortSignal.any([signal, left.signal]);
    try {
      const response = await this.#versioned(request, either);
      yield* request.decode(this.#chunks(response, request, either));
      signal.throwIfAborted();
    } finally {
      left.abort();
    }
  }

  /** Ends all connections. The client can be used again afterwards. */
  close(): void {
    this.#http?.close();
    this.#http = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #negotiate(): Promise<EngineApi> {
    const engineMax = await this.#ping();
    const minor = Math.min(minorOf(engineMax), NEWEST_API);
    if (minor < OLDEST_API) {
      throw new MyPaasError(
        `Cannot use this Docker Engine: it speaks API ${engineMax}, and 1.${OLDEST_API} (Engine 20.10) is the oldest that MyPaas knows`,
        { hint: "Upgrade Docker: https://docs.docker.com/engine/install/" },
      );
    }
    const request = engineVersion();
    const response = await this.#send({ ...request, body: undefined });
    const { Version, MinAPIVersion } = request.decode(await this.#json(response, request));
    if (minorOf(MinAPIVersion) > minor) {
      throw new MyPaasError(
        `Cannot use this Docker Engine: it wants API ${MinAPIVersion} or newer, and MyPaas speaks up to 1.${NEWEST_API}`,
        { hint: "Upgrade MyPaas" },
      );
    }
    return { version: `1.${minor}`, minor, engineMax, engine: Version };
  }

  /** Gives the newest API version of the Engine. */
  async #ping(signal?: AbortSignal): Promise<string> {
    const call: Call = { action: "reach Docker", method: "HEAD", path: "/_ping" };
    const response = await this.#send(call, signal);
    await response.body?.cancel();
    const max = response.headers.get("Api-Version");
    if (max === null) {
      throw new EngineError(call.action, { status: 0, reason: `"${this.socket}" is not a Docker Engine` });
    }
    return max;
  }

  /** Sends under the agreed version; agrees anew, once, when the Engine is not the one it was agreed with. */
  async #versioned(call: Call | DockerStream<unknown>, signal?: AbortSignal): Promise<Response> {
    for (let first = true;; first = false) {
      const api = await this.api();
      try {
        return await this.#send({ ...call, path: `/v${api.version}${call.path}` }, signal, (max) => {
          if (max !== api.engineMax) this.#api = undefined;
        });
      } catch (error) {
        const outdated = this.#api === undefined && error instanceof EngineError && error.status === 400;
        if (!first || !outdated || call.body instanceof ReadableStream) throw error;
      }
    }
  }

  async #send(call: Call, signal?: AbortSignal, seen: (engineMax: string) => void = () => {}): Promise<Response> {
    this.#http ??= Deno.createHttpClient({
      proxy: { transport: "unix", path: this.socket },
      poolMaxIdlePerHost: 0,
    });
    const headers = new Headers(call.headers);
    const init: RequestInit & { client: Deno.HttpClient } = { client: this.#http, method: call.method, headers };
    if (call.body !== undefined) {
      init.body = call.body;
      headers.set("Content-Type", call.json ? "application/json" : "application/x-tar");
    }
    if (signal) init.signal = signal;
    const response = await this.#guarded(call, signal, fetch(SOCKET_BASE + call.path, init));
    const max = response.headers.get("Api-Version");
    if (max !== null) seen(max);
    if (response.ok) return response;
    throw new EngineError(call.action, {
      status: response.status,
      reason: await this.#refusal(response, call, signal),
    });
  }

  async #refusal(response: Response, call: Pick<Call, "action">, signal?: AbortSignal): Promise<string> {
    const text = await this.#guarded(call, signal, response.text());
    try {
      const { message } = JSON.parse(text);
      if (typeof message === "string" && message !== "") return engineReason(message);
    } catch { /* not JSON: a proxy's page, or no body at all */ }
    return text.trim() === "" ? `it answered ${response.status}` : text.trim();
  }

  async #json(response: Response, call: Pick<Call, "action">, signal?: AbortSignal): Promise<unknown> {
    const text = await this.#guarded(call, signal, response.text());
    return text.trim() === "" ? undefined : JSON.parse(text);
  }

  async *#chunks(response: Response, call: Pick<Call, "action">, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    try {
      while (true) {
        const { done, value } = await this.#guarded(call, signal, reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  /** Turns a failed connection into a sentence, and an abort into its reason. */
  async #guarded<T>(call: Pick<Call, "action">, signal: AbortSignal | undefined, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TypeError)) throw error;
      throw connectionError(call.action, { cause: error, socket: this.socket });
    }
  }
}

/** The number behind `1.`; versions of another kind are newer than anything known. */
function minorOf(version: string): number {
  const [major, minor] = version.split(".").map(Number);
  return major === 1 && minor !== undefined && Number.isInteger(minor) ? minor : Infinity;
}
