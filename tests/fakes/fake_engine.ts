/** A call that the fake Engine got. */
export interface SeenCall {
  readonly method: string;
  /** Without the version, with its query. */
  readonly path: string;
  /** Such as `1.41`; empty without one. */
  readonly version: string;
  /** The JSON that was sent; undefined for none. */
  readonly body: unknown;
}

export interface FakeEngineOptions {
  /** Newest API, told with every answer. */
  readonly api?: string;
  readonly minApi?: string;
  /** Answers all but `/_ping` and `/version`; undefined: 404. */
  readonly answer?: (call: SeenCall, request: Request) => Response | Promise<Response> | undefined;
  /** Where to listen; a new temporary folder's `docker.sock` without it. */
  readonly socket?: string;
}

/** A Docker Engine that gives the answers a real one will not give on demand, on a real unix socket. */
export class FakeEngine {
  readonly socket: string;
  readonly calls: SeenCall[] = [];
  readonly #folder: string | undefined;
  readonly #stop = new AbortController();
  readonly #server: Deno.HttpServer<Deno.UnixAddr>;

  constructor({ api = "1.41", minApi = "1.12", answer = () => undefined, socket }: FakeEngineOptions = {}) {
    this.#folder = socket === undefined ? Deno.makeTempDirSync({ prefix: "mypaas-fake-engine-" }) : undefined;
    this.socket = socket ?? `${this.#folder}/docker.sock`;
    const respond = async (request: Request) => {
      const { pathname, search } = new URL(request.url);
      const [, version = "", path = ""] = /^(?:\/v([\d.]+))?(\/.*)$/.exec(pathname) ?? [];
      if (path === "/_ping") return new Response();
      if (path === "/version") return Response.json({ Version: "0.0-fake", ApiVersion: api, MinAPIVersion: minApi });
      const isJson = request.headers.get("content-type") === "application/json";
      const call = {
        method: request.method,
        path: path + search,
        version,
        body: isJson ? await request.json() : undefined,
      };
      this.calls.push(call);
      return await answer(call, request) ?? Response.json({ message: `no such thing: ${path}` }, { status: 404 });
    };
    this.#server = Deno.serve(
      { path: this.socket, signal: this.#stop.signal, onListen: () => {} },
      async (request) => {
        const response = await respond(request);
        response.headers.set("Api-Version", api);
        return response;
      },
    );
  }

  /** Ends at once, with every open connection, as a killed Engine does; the folder stays. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#server.finished;
    await Deno.remove(this.socket).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#folder) await Deno.remove(this.#folder, { recursive: true });
  }
}
