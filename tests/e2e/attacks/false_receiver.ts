import { parse, stringify } from "@std/yaml";
import { receiverAddress } from "../../../src/setup/parts.ts";
import { RECEIVER_PORT } from "../../../src/setup/settings.ts";
import { parseSettings } from "../../../src/setup/settings_file.ts";
import type { TestServer } from "../lab.ts";

/** A request that passed. */
export interface Passed {
  /** Such as `POST /v1/deploy?service=blog`. */
  readonly where: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer>;
  /** Whether the server has seen it: until then it can be kept back and sent later, as long as it is valid. */
  passedOn: boolean;
  /** What the client was answered; lines of a stream are whole once it has ended. */
  answer: string;
}

/** Answers a request in place of the server; undefined: it is passed on as it is. */
export type Twist = (
  passed: Passed,
  honest: () => Promise<Response>,
) => Promise<Response | undefined> | Response | undefined;

/** Stands between a laptop and the server as a receiver that is taken over does: it sees all that passes, and may answer. */
export class FalseReceiver implements AsyncDisposable {
  readonly passed: Passed[] = [];
  twist: Twist = () => undefined;
  readonly #server: TestServer;
  readonly #behind: string;
  readonly #http: Deno.HttpServer<Deno.NetAddr>;

  private constructor(server: TestServer, behind: string) {
    this.#server = server;
    this.#behind = behind;
    this.#http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => this.#answer(request));
  }

  static async before(server: TestServer): Promise<FalseReceiver> {
    const { settings } = server.layout;
    const address = receiverAddress(parseSettings(await Deno.readTextFile(settings), settings));
    return new FalseReceiver(server, `http://${address}:${RECEIVER_PORT}`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#http.addr.port}`;
  }

  /** The environment of a laptop that is logged in, and is led here. */
  async laptop(name = "laptop"): Promise<Record<string, string>> {
    const { folder } = this.#server;
    const led = `${folder}/${name}-led`;
    await Deno.mkdir(led, { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(`${led}/key`, await Deno.readTextFile(`${folder}/${name}/key`), { mode: 0o600 });
    const servers = parse(await Deno.readTextFile(`${folder}/${name}/servers.yml`)) as Record<string, object>;
    const entries = Object.entries(servers).map(([server, { ...entry }]) => {
      const { certificate: _, certificatePin: __, ...rest }: Record<string, unknown> = entry;
      return [server, { ...rest, url: this.url }];
    });
    await Deno.writeTextFile(`${led}/servers.yml`, stringify(Object.fromEntries(entries)), { mode: 0o600 });
    return { MYPAAS_CONFIG: led };
  }

  /** The last request of a kind that passed, such as `POST /v1/deploy`. */
  last(where: string): Passed {
    const found = this.passed.findLast((one) => one.where.startsWith(where));
    if (found === undefined) throw new Error(`no ${where} passed`);
    return found;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const passed: Passed = {
      where: `${request.method} ${pathname}${search}`,
      headers: [...request.headers],
      body: new Uint8Array(await request.arrayBuffer()),
      passedOn: false,
      answer: "",
    };
    this.passed.push(passed);
    const response = await this.twist(passed, () => this.#honest(passed)) ?? await this.#honest(passed);
    const decoder = new TextDecoder();
    const seen = new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        passed.answer += decoder.decode(part, { stream: true });
        controller.enqueue(part);
      },
    });
    return new Response(response.body?.pipeThrough(seen) ?? null, response);
  }

  async #honest(passed: Passed): Promise<Response> {
    passed.passedOn = true;
    const { where, headers, body } = passed;
    const [method = "", path = ""] = where.split(" ");
    return await fetch(this.#behind + path, {
      method,
      headers: headers.map(([name, value]): [string, string] => [name, value]).filter(([name]) => name !== "host"),
      ...method !== "GET" && { body },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.shutdown();
  }
}
