import type { KeyPair } from "../../../src/auth/keys.ts";
import { newNonce } from "../../../src/auth/request_signature.ts";
import type { Answered } from "./raw_http.ts";
import type { Attacker } from "./attacker.ts";

/** A request of what is another service's: method and path, and a body. */
export const ABOUT_VICTIM: readonly (readonly [where: string, body?: string])[] = [
  ["GET /v1/services/victim/logs"],
  ["GET /v1/services/victim/releases"],
  ["GET /v1/services/victim/releases/1/verdict"],
  ["GET /v1/deploys/victim.1/events"],
  ["GET /v1/services/victim/env"],
  ["POST /v1/services/victim/env/TOKEN", "{}"],
  ["POST /v1/services/victim/env", "{}"],
  ["POST /v1/services/victim/rollback", "{}"],
  ["POST /v1/services/victim/restart", "{}"],
  ["POST /v1/services/victim/cancel", "{}"],
  ["POST /v1/services/victim/scale", "{}"],
  ["POST /v1/services/victim/stop", "{}"],
  ["POST /v1/services/victim/start", "{}"],
  ["DELETE /v1/services/victim", ""],
  ["POST /v1/missing?service=victim", "{}"],
  ["POST /v1/deploy?service=victim", "{}"],
  ["GET /v1/registries"],
  ["POST /v1/registries", "{}"],
];

/** What somebody does with a key for the service `evil` alone, to have more than it. */
export interface Escalation {
  readonly name: string;
  readonly send: (attacker: Attacker, key: KeyPair, admin: KeyPair) => Promise<Answered>;
  readonly status: number;
  readonly says: string;
}

const OWN_LOGS = { where: "GET /v1/services/evil/logs" };
const VICTIMS_LOGS = { where: "GET /v1/services/victim/logs" };
const DIGEST = "a".repeat(64);

function asked(name: string, says: string, request: (attacker: Attacker, admin: KeyPair) => [string, unknown?]) {
  const send: Escalation["send"] = (attacker, key, admin) => {
    const [where, body = ""] = request(attacker, admin);
    return attacker.signed({ where, body: typeof body === "string" ? body : JSON.stringify(body) }, { key });
  };
  return { name, send, status: 401, says };
}

/** Tried with a key of each role; the words are those that both are told. */
export const ESCALATIONS: readonly Escalation[] = [
  asked("a key for all, registered", "Cannot ", ({ keys }) => [
    "POST /v1/keys",
    { name: "mine", publicKey: keys.stranger.publicKey, role: "admin", scope: ["*"] },
  ]),
  asked("a key for the other service, registered", "Cannot ", ({ keys }) => [
    "POST /v1/keys",
    { name: "mine", publicKey: keys.stranger.publicKey, role: "deploy", scope: ["victim"] },
  ]),
  asked(
    "an invite for all",
    "Cannot ",
    () => ["POST /v1/invites", { name: "mine", role: "admin", scope: ["*"] }],
  ),
  asked(
    "an invite for the other service",
    "Cannot ",
    () => ["POST /v1/invites", { name: "mine", role: "deploy", scope: ["evil", "victim"] }],
  ),
  asked("the admin's key, revoked", "Cannot ", (_, admin) => [`DELETE /v1/keys/${admin.id}`]),
  asked("the admin's key, renamed", "Cannot ", (_, admin) => [`POST /v1/keys/${admin.id}/name`, { name: "mine" }]),
  asked("the admin's key in place of one's own", "not signed with the private key", (_, admin) => [
    "POST /v1/keys/rotate",
    { publicKey: admin.publicKey, signature: "A".repeat(86) },
  ]),
  {
    name: "a request that was done before",
    send: async (attacker, key) => {
      const headers = await attacker.sign(OWN_LOGS, { key, nonce: newNonce() });
      await attacker.unsigned({ ...OWN_LOGS, headers });
      return await attacker.unsigned({ ...OWN_LOGS, headers });
    },
    status: 401,
    says: "Cannot accept the request",
  },
  {
    name: "a signature for another path",
    send: (attacker, key) => attacker.signed(VICTIMS_LOGS, { key, signed: OWN_LOGS }),
    status: 401,
    says: "Cannot accept the request",
  },
  {
    name: "a request to another server",
    send: (attacker, key) => attacker.signed(OWN_LOGS, { key, serverId: "0".repeat(32) }),
    status: 401,
    says: "Cannot accept the request",
  },
  {
    name: "a request of tomorrow",
    send: (attacker, key) => attacker.signed(OWN_LOGS, { key, ahead: 86_400 }),
    status: 401,
    says: "Cannot accept the request",
  },
  {
    name: "the admin's name for one's own key",
    send: async (attacker, key, admin) => {
      const headers = await attacker.sign(VICTIMS_LOGS, { key });
      const named = headers.map(([name, value]) => [name, value.replaceAll(key.id, admin.id)] as const);
      return await attacker.unsigned({ ...VICTIMS_LOGS, headers: named });
    },
    status: 401,
    says: "Cannot accept the request",
  },
  {
    name: "a push of the other service under one's own name",
    send: (attacker, key) => {
      const entries = [{ type: "file", path: "Dockerfile", mode: 420, size: 3, chunks: [{ digest: DIGEST, size: 3 }] }];
      const body = { service: "victim", dockerfile: "Dockerfile", manifest: { entries }, force: false, dryRun: false };
      return attacker.signed({ where: "POST /v1/deploy?service=evil", body: JSON.stringify(body) }, { key });
    },
    status: 400,
    says: "the request is for the service",
  },
  {
    name: "a push of two services",
    send: (attacker, key) =>
      attacker.signed({ where: "POST /v1/deploy?service=evil&service=victim", body: "{}" }, { key }),
    status: 400,
    says: "it names more than one service",
  },
  {
    name: "blobs for the other service",
    send: (attacker, key) =>
      attacker.signed({ where: "PUT /v1/blobs?service=victim", body: "x" }, { key, streamed: true }),
    status: 401,
    says: "Cannot do",
  },
  {
    name: "a terminal in the other service",
    send: (attacker, key) => attacker.signed({ where: "POST /v1/services/victim/exec", body: "{}" }, { key }),
    status: 400,
    says: "this server does not know it",
  },
  {
    name: "a backup of the server",
    send: (attacker, key) => attacker.signed({ where: "POST /v1/backup", body: "{}" }, { key }),
    status: 400,
    says: "this server does not know it",
  },
];
