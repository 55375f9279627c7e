import { newNonce } from "../../../src/auth/request_signature.ts";
import type { Attack } from "./attack.ts";
import { type Attacker, OWN } from "./attacker.ts";

// What a receiver that is taken over may ask the gate: whether a request, made up or heard, may go on.

interface Question {
  readonly method?: unknown;
  readonly path?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
}

/** Asks the gate about a request; a field that is not given is as it should be. */
async function ask(attacker: Attacker, change: (usual: Required<Question>) => object) {
  const where = `POST /v1/missing?service=${OWN}`;
  const headers = Object.fromEntries(await attacker.sign({ where, body: '{"digests":[]}' }));
  const usual = { method: "POST", path: "/v1/missing", query: `?service=${OWN}`, headers };
  const body = JSON.stringify({ ...usual, ...change(usual) });
  return await attacker.unsigned({ where: "POST /v1/verify", body }, { door: "gate" });
}

function question(
  name: string,
  change: (usual: Required<Question>) => object,
  expect: Attack["expect"] = "Cannot ",
): Attack {
  return { name: `the gate is asked about ${name}`, send: (attacker) => ask(attacker, change), expect };
}

const withHeader = (name: string, value: unknown) => ({ headers }: Required<Question>) => ({
  headers: { ...Object(headers), [name]: value },
});

export const GATE_QUESTIONS: readonly Attack[] = [
  question("a good request", () => ({}), { status: 200, says: `{"service":"${OWN}"}` }),
  question("another service", () => ({ query: "?service=other" }), { status: 401, says: "its signature is wrong" }),
  question("another path", () => ({ path: "/v1/blobs" }), { status: 401, says: "its signature is wrong" }),
  question("a path that is not the receiver's", () => ({ path: "/v1/keys" }), "the receiver does not serve it"),
  question("a path behind a path", () => ({ path: "/v1/../v1/missing" })),
  question("a path of another host", () => ({ path: "//evil/v1/missing" })),
  question("a path that is none", () => ({ path: "/v1/\0" })),
  question("a path that is no text", () => ({ path: 1 })),
  question("a query that is part of the path", () => ({ path: `/v1/missing?service=${OWN}`, query: "" })),
  question("a query without its mark", () => ({ query: `service=${OWN}` })),
  question("a query of two services", () => ({ query: `?service=${OWN}&service=other` })),
  question("a query with a new line", () => ({ query: `?service=${OWN}\n"@method": GET` })),
  question("a method that is none", () => ({ method: "PO ST" })),
  question("a method with a new line", () => ({ method: 'POST\n"@path": /v1/keys' })),
  question("an empty method", () => ({ method: "" })),
  question("no headers", () => ({ headers: {} }), { status: 401, says: "it is not signed" }),
  question("headers that are a list", () => ({ headers: [] })),
  question("a header whose name is none", withHeader("a b", "c")),
  question("a header without a name", withHeader("", "c")),
  question("a header with a new line", withHeader("mypaas-server", "a\nb: c")),
  question("a header with a NUL", withHeader("signature", "sig=:\0:")),
  question("a header that is not Latin-1", withHeader("signature-input", "\u0430")),
  question("a header that is no text", withHeader("signature", 1)),
  question("a prototype as a header", () => JSON.parse('{"headers":{"__proto__":{"signature":"a"}}}')),
  question("a header twice in two cases", withHeader("Mypaas-Server", "0".repeat(32))),
  question("a field more", () => ({ actor: { kind: "local", name: "root@local" } }), "is not known here"),
  {
    name: "the gate is asked twice about a request",
    async send(attacker) {
      const where = `POST /v1/missing?service=${OWN}`;
      const headers = Object.fromEntries(await attacker.sign({ where, body: "{}" }, { nonce: newNonce() }));
      const body = JSON.stringify({ method: "POST", path: "/v1/missing", query: `?service=${OWN}`, headers });
      await attacker.unsigned({ where: "POST /v1/verify", body }, { door: "gate" });
      return await attacker.unsigned({ where: "POST /v1/verify", body }, { door: "gate" });
    },
    expect: { status: 401, says: "it was sent before" },
  },
  ...[OWN, "other", "nobody"].map((service): Attack => ({
    name: `the gate is asked by nobody what blobs ${service} has`,
    send: (attacker) =>
      attacker.unsigned({ where: `POST /v1/missing?service=${service}`, body: '{"digests":[]}' }, { door: "gate" }),
    expect: { status: 400, says: "this server does not know it" },
  })),
  ...["POST /v1/upgrade", "PUT /v1/blobs?service=attacked", "GET /v1/verify", "GET /v1/state"].map((where): Attack => ({
    name: `the gate is asked for ${where}`,
    send: (attacker) => attacker.unsigned({ where, ...where.startsWith("GET") ? {} : { body: "" } }, { door: "gate" }),
    expect: { status: 400, says: "this server does not know it" },
  })),
  {
    name: "the gate is told that the request is the local root's",
    send: (attacker) =>
      attacker.unsigned({
        where: "GET /v1/services",
        headers: [["mypaas-client-address", "local"], ["mypaas-door", "local"], ["authorization", "root@local"]],
      }, { door: "gate" }),
    expect: { status: 401, says: "it is not signed" },
  },
];
