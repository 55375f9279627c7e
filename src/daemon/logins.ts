import { type Actor, actorName } from "../auth/actor.ts";
import { checkInvite, newInvite, proveLoginAnswer, verifyLogin } from "../auth/invite.ts";
import { keyId } from "../auth/keys.ts";
import { checkGrant } from "../auth/roles.ts";
import { formatInviteLine, formatServerLine, type ServerLine } from "../auth/server_line.ts";
import { AuthError } from "../error.ts";
import type { InviteAnswer, InviteRequest, LoginAnswer, LoginRequest } from "../wire/requests.ts";
import type { AuditLog, KeyStore } from "./stores.ts";

export interface LoginsParts {
  readonly serverId: string;
  readonly keys: KeyStore;
  readonly audit: AuditLog;
  readonly now: () => Date;
  /** How laptops reach this server, for the invite's line. */
  readonly server: ServerLine;
}

/** Invites, and the keys that are registered by them. */
export class Logins {
  readonly #parts: LoginsParts;

  constructor(parts: LoginsParts) {
    this.#parts = parts;
  }

  /** The value of MYPAAS_SERVER by which a machine reaches this server with a key that is registered. */
  get serverLine(): string {
    return formatServerLine(this.#parts.server);
  }

  /**
   * Makes an invite.
   *
   * @throws {AuthError} when it would give more than the inviter has
   */
  invite(actor: Actor, { name, role, scope }: InviteRequest): InviteAnswer {
    const { keys, now, server } = this.#parts;
    checkGrant(actor, { role, scope });
    const { id, secret, expiresAt } = newInvite(now());
    keys.addInvite({ id, secret, name, role, scope, createdBy: actorName(actor), expiresAt: expiresAt.toISOString() });
    return { id, line: formatInviteLine({ ...server, id, secret }), expiresAt: expiresAt.toISOString() };
  }

  /**
   * Registers a key by an invite, once. Every refusal is audited.
   *
   * @throws {AuthError} when the invite is unknown, used or over, or the laptop does not know its secret or lacks the
   * private key; the invite can still be used then
   */
  async login(request: LoginRequest, address: string): Promise<LoginAnswer> {
    const { serverId, keys, audit, now } = this.#parts;
    const at = now().toISOString();
    try {
      const invite = checkInvite(keys.invite(request.invite), now());
      const { secret, name, role, scope } = invite;
      await verifyLogin(request, { serverId, secret });
      const id = await keyId(request.publicKey);
      // Looked at again: another login may have used it up while the proof was checked.
      checkInvite(keys.invite(request.invite), now());
      keys.redeem(request.invite, { id, publicKey: request.publicKey, name, role, scope, createdAt: at });
      audit.write({ at, actor: `${name} (${id})`, address, action: "login", subject: request.invite, result: "ok" });
      const answer = { key: id, name, role, scope };
      return { ...answer, proof: await proveLoginAnswer(answer, { serverId, secret, request }) };
    } catch (error) {
      if (error instanceof AuthError) {
        audit.refuse({
          at,
          actor: "unknown",
          address,
          action: "login",
          subject: request.invite,
          result: error.message,
        });
      }
      throw error;
    }
  }
}
