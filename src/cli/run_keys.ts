import { keysTable } from "../client/tables.ts";
import { parseInviteAnswer, parseKeys } from "../wire/answer_schemas.ts";
import type { InviteRequest } from "../wire/requests.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { InviteCommandRequest } from "./invite.ts";
import type { KeysCommandRequest } from "./keys.ts";

/** Makes an invite, and prints the command that the other machine runs. */
export async function runInvite(request: InviteCommandRequest, context: CliContext): Promise<void> {
  const connection = await connect(request.server, context);
  try {
    const { name, role, scope } = request;
    const body = new TextEncoder().encode(JSON.stringify({ name, role, scope } satisfies InviteRequest));
    const invite = await connection.json("POST", "/v1/invites", { body, parse: parseInviteAnswer });
    if (context.json) {
      context.terminal.out(JSON.stringify(invite));
      return;
    }
    context.terminal.err(`on the other machine, before ${invite.expiresAt}:`);
    context.terminal.out(`mypaas login NAME '${invite.line}'`);
  } finally {
    connection.close();
  }
}

/** Shows or revokes keys. */
export async function runKeys(request: KeysCommandRequest, context: CliContext): Promise<void> {
  const { json, terminal } = context;
  const connection = await connect(request.server, context);
  try {
    if (request.action === "list") {
      const keys = await connection.json("GET", "/v1/keys", { parse: parseKeys });
      for (const line of json ? keys.map((key) => JSON.stringify(key)) : keysTable(keys)) terminal.out(line);
      return;
    }
    const path = `/v1/keys/${encodeURIComponent(request.key)}`;
    await connection.json("DELETE", path, { parse: () => undefined });
    terminal.out(json ? JSON.stringify({ revoked: request.key }) : `revoked ${request.key}`);
  } finally {
    connection.close();
  }
}
