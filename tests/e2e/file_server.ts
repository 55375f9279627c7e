/** A web server on this machine that serves the files of a folder, as whoever keeps the releases has one. */
export class FileServer implements AsyncDisposable {
  readonly folder: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Paths whose body ends after so many bytes, though more were promised. */
  readonly cutOff = new Map<string, number>();

  /** @param port 0: any that is free */
  constructor(folder: string, port = 0) {
    this.folder = folder;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    try {
      const file = await Deno.open(this.folder + pathname);
      const cut = this.cutOff.get(pathname);
      if (cut === undefined) return new Response(file.readable);
      file.close();
      const bytes = (await Deno.readFile(this.folder + pathname)).subarray(0, cut);
      // What was promised does not come: the connection breaks.
      const broken = new ReadableStream({
        start: (controller) => controller.enqueue(bytes),
        pull: (controller) => controller.error(new Error("cut off")),
      }, { highWaterMark: 0 });
      return new Response(broken);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return new Response("not here", { status: 404 });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
