import { generateKey, type KeyPair } from "../../src/auth/keys.ts";
import { proveEvent, signAnswer } from "../../src/auth/proof.ts";
import { type VerifiedRequest, verifyRequest } from "../../src/auth/request_signature.ts";
import type { Trust } from "../../src/client/connection.ts";
import type { Gate } from "../../src/receiver/receiver_handler.ts";
import { type Answer, errorAnswer, toResponse } from "../../src/wire/error_body.ts";
import { encodeLine } from "../../src/wire/lines.ts";
import { parseVerifyRequest } from "../../src/wire/verify.ts";

/** A request as the gate got it, verified. */
export interface GateCall {
  readonly where: string;
  readonly request: Request;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Signs an answer that is sent whole. */
  signed(answer: Answer): Promise<Response>;
  /** Sends lines; the last is proved unless `proved` is false, then the body ends. */
  lines(lines: readonly object[], proved?: boolean): Promise<Response>;
}

/** A daemon's gate with real signatures: verifies every request, then lets a script answer. */
export class MemoryGate implements Gate {
  readonly serverId = "0123456789abcdef0123456789abcdef";
  /** `METHOD path?query` of every request, in order. */
  readonly seen: string[] = [];
  readonly #daemon: KeyPair;
  readonly #laptop: KeyPair;
  readonly #answer: (call: GateCall) => Promise<Response> | Response;

  private constructor(daemon: KeyPair, laptop: KeyPair, answer: (call: GateCall) => Promise<Response> | Response) {
    this.#daemon = daemon;
    this.#laptop = laptop;
    this.#answer = answer;
  }

  /** Makes a gate that knows one laptop's key. */
  static async make(answer: (call: GateCall) => Promise<Response> | Response): Promise<MemoryGate> {
    return new MemoryGate(await generateKey(), await generateKey(), answer);
  }

  /** What the laptop that this gate knows trusts. */
  get trust(): Trust & { readonly kind: "signed" } {
    const { serverId } = this;
    return { kind: "signed", serverId, daemonKey: this.#daemon.publicKey, key: this.#laptop };
  }

  async send(path: string, init: Parameters<Gate["send"]>[1]): Promise<Response> {
    const request = new Request(`http://gate${path}`, init);
    const { pathname, search } = new URL(request.url);
    this.seen.push(`${request.method} ${pathname}${search}`);
    const body = new Uint8Array(await request.arrayBuffer());
    try {
      if (pathname === "/v1/verify") {
        const asked = parseVerifyRequest(JSON.parse(new TextDecoder().decode(body)));
        await this.#verify({ ...asked, headers: new Headers(asked.headers) }, asked.path === "/v1/missing");
        return Response.json({ service: new URLSearchParams(asked.query).get("service") });
      }
      const asked = { method: request.method, path: pathname, query: search, headers: request.headers };
      const verified = await this.#verify(asked, request.method !== "GET");
      return await this.#answer({ where: `${request.method} ${pathname}`, request, body, ...this.#signing(verified) });
    } catch (error) {
      return toResponse(errorAnswer(error));
    }
  }

  #verify(
    request: { readonly method: string; readonly path: string; readonly query: string; readonly headers: Headers },
    bodyDigest: boolean,
  ): Promise<VerifiedRequest> {
    return verifyRequest(request, {
      serverId: this.serverId,
      now: new Date(),
      bodyDigest,
      publicKeyOf: (id) => id === this.#laptop.id ? this.#laptop.publicKey : undefined,
    });
  }

  #signing({ keyId, nonce }: VerifiedRequest): Pick<GateCall, "signed" | "lines"> {
    const context = { serverId: this.serverId, keyId, nonce, key: this.#daemon };
    return {
      signed: async (answer) => toResponse(answer, await signAnswer(answer, context)),
      lines: async (lines, proved = true) => {
        const last = lines.at(-1);
        const sent = proved && last !== undefined
          ? [...lines.slice(0, -1), { ...last, proof: await proveEvent(last, context) }]
          : lines;
        return new Response(ReadableStream.from(sent.map(encodeLine)));
      },
    };
  }
}
