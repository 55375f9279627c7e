import { importPrivateKey, type KeyPair } from "../../../src/auth/keys.ts";
import { contentDigest } from "../../../src/auth/content_digest.ts";
import { newNonce, signRequest } from "../../../src/auth/request_signature.ts";
import { generateKey } from "../../../src/auth/keys.ts";
import { receiverAddress } from "../../../src/setup/parts.ts";
import { RECEIVER_PORT, type ServerSettings } from "../../../src/setup/settings.ts";
import { parseSettings } from "../../../src/setup/settings_file.ts";
import { jsonLines, succeeded, type TestServer } from "../lab.ts";
import { type Answered, exchange, type ExchangeOptions } from "./raw_http.ts";

/** Where bytes are sent: what everybody reaches, and what stands behind it. */
export type Door = "traefik" | "receiver" | "gate";

/** The service that the keys of the attacks may push. */
export const OWN = "attacked";

export interface Crafted {
  /** Such as `POST /v1/deploy?service=blog`; written as it is. */
  readonly where: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

export interface Signing {
  readonly key?: KeyPair;
  readonly serverId?: string;
  /** Seconds that the clock of who signs is ahead. */
  readonly ahead?: number;
  readonly nonce?: string;
  /** What is signed, where that is not what is sent. */
  readonly signed?: Partial<Crafted>;
  /** The digest of the body is not signed, as for `PUT /v1/blobs`. */
  readonly streamed?: boolean;
  readonly door?: Door;
}

/** Component of a signature and its value in the text that is signed (RFC 9421, 2.5). */
export type Component = readonly [id: string, value: string];

/** The keys that one who attacks a server may have. */
interface Keys {
  /** For all services. */
  readonly admin: KeyPair;
  /** May push `OWN`. */
  readonly deployer: KeyPair;
  /** May push another service. */
  readonly other: KeyPair;
  /** Admin of another service. */
  readonly otherAdmin: KeyPair;
  readonly revoked: KeyPair;
  readonly stranger: KeyPair;
}

/** Sends what no client of ours would send, byte by byte. */
export class Attacker {
  readonly server: TestServer;
  readonly keys: Keys;
  readonly #settings: ServerSettings;
  readonly #certificate: string;

  private constructor(server: TestServer, keys: Keys, settings: ServerSettings, certificate: string) {
    this.server = server;
    this.keys = keys;
    this.#settings = settings;
    this.#certificate = certificate;
  }

  /** Makes the keys. */
  static async of(server: TestServer): Promise<Attacker> {
    const { layout } = server;
    const keys = {
      admin: await keyOf(server, "laptop"),
      deployer: await invited(server, "deployer", "deploy", OWN),
      other: await invited(server, "other", "deploy", "other"),
      otherAdmin: await invited(server, "other-admin", "admin", "other"),
      revoked: await invited(server, "revoked", "admin", "*"),
      stranger: await generateKey(),
    };
    succeeded(await server.run(["keys", "revoke", keys.revoked.id]));
    const settings = parseSettings(await Deno.readTextFile(layout.settings), layout.settings);
    return new Attacker(server, keys, settings, await Deno.readTextFile(layout.certificate));
  }

  /** Opens a connection. */
  async connect(door: Door = "traefik"): Promise<Deno.Conn> {
    switch (door) {
      case "traefik":
        return await Deno.connectTls({
          hostname: "127.0.0.1",
          port: this.server.httpsPort,
          caCerts: [this.#certificate],
        });
      case "receiver":
        return await Deno.connect({ hostname: receiverAddress(this.#settings), port: RECEIVER_PORT });
      case "gate":
        return await Deno.connect({ transport: "unix", path: this.server.layout.gateSocket });
    }
  }

  /** Sends bytes, or a text of them, as they are. `{host}` stands for the server's own. */
  async raw(
    content: string | Uint8Array | AsyncIterable<Uint8Array>,
    { door, ...options }: ExchangeOptions & { readonly door?: Door } = {},
  ): Promise<Answered> {
    const bytes = typeof content === "string" ? bytesOf(content.replaceAll("{host}", this.host)) : content;
    return await exchange(await this.connect(door), bytes, options);
  }

  get host(): string {
    return `127.0.0.1:${this.server.httpsPort}`;
  }

  /** Sends a request that nobody signed. */
  async unsigned(crafted: Crafted, options: ExchangeOptions & { readonly door?: Door } = {}): Promise<Answered> {
    return await this.raw(written(crafted, this.host), options);
  }

  /** Sends a signed request; without a key the deployer's. */
  async signed(crafted: Crafted, { door, ...signing }: Signing = {}): Promise<Answered> {
    const headers = [...crafted.headers ?? [], ...await this.sign(crafted, signing)];
    return await this.raw(written({ ...crafted, headers }, this.host), door === undefined ? {} : { door });
  }

  /** The headers of a signature, as the client makes them. */
  async sign(
    crafted: Crafted,
    { key = this.keys.deployer, serverId = this.server.serverId, ahead = 0, nonce = newNonce(), signed, streamed }:
      Signing = {},
  ): Promise<readonly [string, string][]> {
    const { method, path, query, body } = partsOf({ ...crafted, ...signed });
    const content = streamed || method === "GET" ? undefined : body;
    const headers = await signRequest({ method, path, query, body: content }, key, {
      serverId,
      now: new Date(Date.now() + ahead * 1000),
      nonce,
    });
    return Object.entries(headers);
  }

  /** Signs a list of components of one's own making. @param change of the parameters, such as `;alg="none"` */
  async signComponents(
    crafted: Crafted,
    { components = (usual) => usual, params = (usual) => usual, headers = (usual) => usual }: {
      readonly components?: (usual: readonly Component[]) => readonly Component[];
      readonly params?: (usual: string) => string;
      readonly headers?: (usual: readonly [string, string][]) => readonly (readonly [string, string])[];
    },
  ): Promise<readonly (readonly [string, string])[]> {
    const { deployer } = this.keys;
    const { method, path, query, body } = partsOf(crafted);
    const digest = await contentDigest(body);
    const { serverId } = this.server;
    const list = components([
      ['"@method"', method],
      ['"@path"', path],
      ['"@query"', query === "" ? "?" : query],
      ['"mypaas-server"', serverId],
      ['"content-digest"', digest],
    ]);
    const created = Math.floor(Date.now() / 1000);
    const usual = `;created=${created};nonce="${newNonce()}";keyid="${deployer.id}";alg="ed25519";tag="mypaas"`;
    const input = `(${list.map(([id]) => id).join(" ")})${params(usual)}`;
    const base = [...list.map(([id, value]) => `${id}: ${value}`), `"@signature-params": ${input}`].join("\n");
    const signature = await deployer.sign(bytesOf(base));
    return headers([
      ["mypaas-server", serverId],
      ["content-digest", digest],
      ["signature-input", `sig=${input}`],
      ["signature", `sig=:${signature.toBase64()}:`],
    ]);
  }
}

/** A request as bytes; its connection is closed behind it. */
export function written({ where, headers = [], body }: Crafted, host: string): Uint8Array<ArrayBuffer> {
  const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const length = content === undefined || headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
    ? []
    : [["content-length", String(content.length)]];
  const lines = [["host", host], ...headers, ["connection", "close"], ...length];
  const head = `${where} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  const bytes = bytesOf(head);
  const all = new Uint8Array(bytes.length + (content?.length ?? 0));
  all.set(bytes);
  all.set(content ?? [], bytes.length);
  return all;
}

/** A text as bytes: each character that is one byte as it is, any other as UTF-8. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...text].flatMap((character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? [code] : [...new TextEncoder().encode(character)];
  }));
}

function partsOf({ where, body = "" }: Crafted) {
  const [method = "", target = ""] = where.split(" ");
  const { pathname, search } = new URL(target, "http://any");
  const content = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { method, path: pathname, query: search, body: content };
}

async function keyOf(server: TestServer, laptop: string): Promise<KeyPair> {
  return await importPrivateKey(await Deno.readTextFile(`${server.folder}/${laptop}/key`));
}

async function invited(server: TestServer, name: string, role: "deploy" | "admin", scope: string): Promise<KeyPair> {
  const line = await server.invite(name, role, "--scope", scope);
  succeeded(await server.login("lab", line, server.laptop(name)));
  return await keyOf(server, name);
}

/** The key ids that the server knows, by name. */
export async function knownKeys(server: TestServer): Promise<ReadonlyMap<string, string>> {
  const keys = jsonLines(succeeded(await server.run(["keys", "list", "--json"]))).flat();
  return new Map(keys.map(({ id, name }) => [String(id), String(name)]));
}
