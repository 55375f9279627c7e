import { actorName } from "../auth/actor.ts";
import { keyId } from "../auth/keys.ts";
import { checkChange, checkGrant, isFullAdmin } from "../auth/roles.ts";
import { verifyRotation } from "../auth/rotation.ts";
import { AuthError, MyPaasError, UsageError } from "../error.ts";
import {
  type AddKeyAnswer,
  parseAddKeyRequest,
  parseRenameKeyRequest,
  parseRotateKeyRequest,
  type RevokeKeyAnswer,
} from "../wire/keys.ts";
import { parseInviteRequest } from "../wire/request_schemas.ts";
import type { KeySummary } from "../wire/requests.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { readyFor } from "./followed.ts";
import { required, row } from "./route_row.ts";
import type { KeyStore, StoredKey } from "./stores.ts";

/** Requests about who may use the server. `:key` is the id of a key, or its name where only one has it. */
export const KEY_ROUTES: readonly ApiRoute[] = [
  { ...row("GET", "/v1/keys", "keys-list"), run: listKeys },
  { ...row("POST", "/v1/keys", "keys-add"), audited: true, run: addKey },
  { ...row("DELETE", "/v1/keys/:key", "keys-revoke"), audited: true, run: revokeKey },
  { ...row("POST", "/v1/keys/:key/name", "keys-rename"), audited: true, run: renameKey },
  // Who comes over the local door has no key.
  { ...row("POST", "/v1/keys/rotate", "keys-rotate"), doors: ["gate"], audited: true, run: rotateKey },
  { ...row("POST", "/v1/invites", "invite"), audited: true, run: invite },
];

function listKeys(_call: Call, { keys }: ApiParts): Result {
  return { json: keys.keys().map(summary) };
}

async function addKey({ actor, takeBody }: Call, { keys, logins, now }: ApiParts): Promise<Result> {
  const { name, publicKey, role, scope } = parseAddKeyRequest(takeBody());
  const cannot = `Cannot add the key "${name}"`;
  checkGrant(actor, { role, scope }, { cannot });
  const id = await keyId(publicKey);
  const known = keys.key(id);
  // Nobody who has it has asked for this, so what it may do now stays.
  if (known !== undefined && known.revokedAt === undefined) {
    throw new MyPaasError(`${cannot}: it is registered already, as "${known.name}" (${id})`, {
      hint: `To give it other rights, revoke it first: mypaas keys revoke ${id}.`,
    });
  }
  const key = { id, publicKey, name, role, scope, createdAt: now().toISOString() };
  keys.add(key);
  const answer: AddKeyAnswer = { key: summary({ ...key, revokedAt: undefined }), server: logins.serverLine };
  return { json: answer, subject: id };
}

function revokeKey({ actor, door, params }: Call, { keys, now }: ApiParts): Result {
  const key = keyOf(keys, params["key"], "revoke");
  const { id, name } = key;
  checkChange(actor, { ...key, verb: "revoke" });
  const others = keys.keys().filter((one) => one.id !== id && one.revokedAt === undefined && isFullAdmin(one));
  if (door === "gate" && others.length === 0 && key.revokedAt === undefined && isFullAdmin(key)) {
    throw new MyPaasError(`Cannot revoke the key "${name}": it is the last one that may do everything`, {
      hint: `Invite another admin first, or revoke it on the server itself: mypaas keys revoke ${id}.`,
    });
  }
  keys.revoke(id, now().toISOString());
  const own = actor.kind === "key" && actor.id === id;
  return { json: { id, name, own, admins: others.length } satisfies RevokeKeyAnswer, subject: id };
}

function renameKey({ actor, takeBody, params }: Call, { keys }: ApiParts): Result {
  const key = keyOf(keys, params["key"], "rename");
  const { name } = parseRenameKeyRequest(takeBody());
  checkChange(actor, { ...key, verb: "rename" });
  keys.rename(key.id, name);
  return { json: summary({ ...key, name }), subject: key.id };
}

/** Puts a new key in place of the one that signed the request, with its name, role and scope. */
async function rotateKey({ actor, takeBody }: Call, { serverId, keys, now }: ApiParts): Promise<Result> {
  if (actor.kind !== "key") throw new MyPaasError(`Cannot rotate the key: ${actorName(actor)} has none`);
  const next = parseRotateKeyRequest(takeBody());
  const id = await keyId(next.publicKey);
  // The answer to an earlier request did not arrive: the new key asks whether it is in place.
  if (id !== actor.id) {
    await verifyRotation({ serverId, oldKey: actor.id }, next);
    replaceKey(keys, actor.id, { id, publicKey: next.publicKey, at: now().toISOString() });
  }
  return { json: summary(keyOf(keys, id, "rotate")), subject: `${actor.id} ${id}` };
}

function replaceKey(
  keys: KeyStore,
  oldId: string,
  { id, publicKey, at }: { readonly id: string; readonly publicKey: string; readonly at: string },
): void {
  // Looked at again: it may have been revoked while the signature was checked.
  const old = keys.key(oldId);
  if (old === undefined || old.revokedAt !== undefined) {
    throw new AuthError(`Cannot rotate the key "${oldId}": it was revoked`);
  }
  const known = keys.key(id);
  if (known !== undefined) {
    const state = known.revokedAt === undefined ? "is registered already" : "was revoked";
    throw new MyPaasError(`Cannot rotate the key "${old.name}": the next one, ${id}, ${state}`, {
      hint: "Take a key that is new to this server.",
    });
  }
  keys.replace(oldId, { ...old, id, publicKey, createdAt: at });
}

async function invite(call: Call, parts: ApiParts): Promise<Result> {
  // Before its routes are there, Traefik shows a certificate of its own, and who logs in is told that somebody is in between.
  await readyFor(call, parts, "Cannot make an invite");
  const { actor, takeBody } = call;
  const { logins } = parts;
  const made = logins.invite(actor, parseInviteRequest(takeBody()));
  return { json: made, subject: made.id };
}

/** @throws {MyPaasError} when no key goes by it, or more than one that is not revoked */
function keyOf(keys: KeyStore, param: string | undefined, verb: string): StoredKey {
  const text = decoded(required(param, "key"));
  const known = keys.key(text);
  if (known !== undefined) return known;
  const named = keys.keys().filter(({ name, revokedAt }) => name === text && revokedAt === undefined);
  if (named[0] !== undefined && named.length === 1) return named[0];
  throw new MyPaasError(
    `Cannot ${verb} the key "${text}": ${
      named.length === 0 ? "there is no such key" : `${named.length} have that name`
    }`,
    {
      hint: named.length === 0 ? "mypaas keys list shows them." : `Say which: ${named.map(({ id }) => id).join(", ")}.`,
    },
  );
}

function decoded(param: string): string {
  try {
    return decodeURIComponent(param);
  } catch (cause) {
    throw new UsageError(`Cannot read the request: "${param}" is no name of a key`, { cause });
  }
}

function summary({ id, name, role, scope, createdAt, revokedAt }: Omit<StoredKey, "publicKey">): KeySummary {
  return { id, name, role, scope, createdAt, revokedAt };
}
