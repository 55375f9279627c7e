import { checkRevoke } from "../auth/roles.ts";
import { MyPaasError } from "../error.ts";
import { parseInviteRequest } from "../wire/request_schemas.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { readyFor } from "./followed.ts";
import { required, row } from "./route_row.ts";

/** Requests about who may use the server. */
export const KEY_ROUTES: readonly ApiRoute[] = [
  { ...row("GET", "/v1/keys", "keys-list"), run: listKeys },
  { ...row("DELETE", "/v1/keys/:id", "keys-revoke"), audited: true, run: revokeKey },
  { ...row("POST", "/v1/invites", "invite"), audited: true, run: invite },
];

function listKeys(_call: Call, { keys }: ApiParts): Result {
  const shown = keys.keys().map(({ id, name, role, scope, createdAt, revokedAt }) => ({
    id,
    name,
    role,
    scope,
    createdAt,
    revokedAt,
  }));
  return { json: shown };
}

function revokeKey({ actor, params }: Call, { keys, now }: ApiParts): Result {
  const id = required(params["id"], "id");
  const known = keys.key(id);
  if (known === undefined) {
    throw new MyPaasError(`Cannot revoke the key "${id}": there is no such key`, {
      hint: "mypaas keys list shows them.",
    });
  }
  checkRevoke(actor, known);
  keys.revoke(id, now().toISOString());
  return { json: { id, name: known.name }, subject: id };
}

async function invite(call: Call, parts: ApiParts): Promise<Result> {
  // Before its routes are there, Traefik shows a certificate of its own, and who logs in is told that somebody is in between.
  await readyFor(call, parts, "Cannot make an invite");
  const { actor, body } = call;
  const { logins } = parts;
  const made = logins.invite(actor, parseInviteRequest(body));
  return { json: made, subject: made.id };
}
