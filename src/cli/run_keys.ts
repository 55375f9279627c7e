import { parsePublicKey } from "../auth/ssh_public_key.ts";
import { plainText } from "../client/plain_text.ts";
import { rotateKey } from "../client/rotate_key.ts";
import { keysTable } from "../client/tables.ts";
import { UsageError } from "../error.ts";
import { readText } from "../host/files.ts";
import { parseInviteAnswer, parseKeys } from "../wire/answer_schemas.ts";
import { type AddKeyRequest, parseAddKeyAnswer, parseKey, parseRevokeKeyAnswer } from "../wire/keys.ts";
import type { InviteRequest, KeySummary } from "../wire/requests.ts";
import { connect, rotationParts } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { InviteCommandRequest } from "./invite.ts";
import type { KeysCommandRequest } from "./keys.ts";
import { absolutePath } from "./paths.ts";
import { givenKey } from "./signing_key.ts";

type RequestOf<Action extends KeysCommandRequest["action"]> = Extract<KeysCommandRequest, { action: Action }>;

/** Makes an invite, and prints the command that the other machine runs. */
export async function runInvite(request: InviteCommandRequest, context: CliContext): Promise<void> {
  using connection = await connect(request.server, context);
  const { name, role, scope } = request;
  const body = encoded({ name, role, scope } satisfies InviteRequest);
  const invite = await connection.json("POST", "/v1/invites", { body, parse: parseInviteAnswer });
  if (context.json) {
    context.terminal.out(JSON.stringify(invite));
    return;
  }
  context.terminal.err(`on the other machine, before ${invite.expiresAt}:`);
  context.terminal.out(`mypaas login NAME '${invite.line}'`);
}

/** Shows and changes keys. */
export async function runKeys(request: KeysCommandRequest, context: CliContext): Promise<void> {
  switch (request.action) {
    case "list":
      return await list(request, context);
    case "add":
      return await add(request, context);
    case "revoke":
      return await revoke(request, context);
    case "rename":
      return await rename(request, context);
    case "rotate":
      return await rotate(request, context);
  }
}

async function list({ server }: RequestOf<"list">, context: CliContext): Promise<void> {
  using connection = await connect(server, context);
  const keys = await connection.json("GET", "/v1/keys", { parse: parseKeys });
  const lines = context.json ? keys.map((key) => JSON.stringify(key)) : keysTable(keys);
  for (const line of lines) context.terminal.out(line);
}

async function add({ server, name, publicKey, role, scope }: RequestOf<"add">, context: CliContext): Promise<void> {
  const body = encoded(
    { name, publicKey: await publicKeyOf(publicKey, context), role, scope } satisfies AddKeyRequest,
  );
  using connection = await connect(server, context);
  const answer = await connection.json("POST", "/v1/keys", { body, parse: parseAddKeyAnswer });
  const { json, terminal } = context;
  if (json) {
    terminal.out(JSON.stringify({ ...answer.key, server: answer.server }));
    return;
  }
  terminal.out(`added ${nameOf(answer.key)}: ${answer.key.role} of ${servicesOf(answer.key)}`);
  terminal.err("in CI set MYPAAS_KEY to the private key, and:");
  terminal.err(`MYPAAS_SERVER='${plainText(answer.server)}'`);
}

async function revoke({ server, key }: RequestOf<"revoke">, context: CliContext): Promise<void> {
  using connection = await connect(server, context);
  const answer = await connection.json("DELETE", pathOf(key), { parse: parseRevokeKeyAnswer });
  const { json, terminal } = context;
  const { id, name, own, admins } = answer;
  terminal.out(json ? JSON.stringify({ revoked: id, name, own, admins }) : `revoked ${nameOf(answer)}`);
  if (own) terminal.err("this machine's own key was revoked: it needs a new invite to come back");
  if (admins === 0) {
    terminal.err("no key is left that may do everything over the network; on the server: mypaas invite --role admin");
  }
}

async function rename({ server, key, name }: RequestOf<"rename">, context: CliContext): Promise<void> {
  using connection = await connect(server, context);
  const renamed = await connection.json("POST", `${pathOf(key)}/name`, { body: encoded({ name }), parse: parseKey });
  const { json, terminal } = context;
  terminal.out(json ? JSON.stringify(renamed) : `renamed ${key} to ${nameOf(renamed)}`);
}

async function rotate({ server, key }: RequestOf<"rotate">, context: CliContext): Promise<void> {
  const name = server ?? context.env("MYPAAS_SERVER");
  if (name === undefined) {
    throw new UsageError("Cannot rotate a key here: root needs none on the server itself", {
      hint: "Name the server: mypaas keys rotate --server NAME.",
    });
  }
  if (name.includes("#") || context.env("MYPAAS_KEY") !== undefined) {
    throw new UsageError(
      "Cannot rotate the key: it, or the server, comes from the environment, where the next one cannot be saved",
      {
        hint: "Add the next key with mypaas keys add, change the variable, then revoke this one.",
      },
    );
  }
  const given = key === undefined ? undefined : await givenKey(key, context);
  const parts = await rotationParts(name, context);
  const open = (reference: string | undefined) =>
    given !== undefined && reference === given.reference ? Promise.resolve(given.signer) : parts.open(reference);
  const { key: rotated, others } = await rotateKey(name, given, { ...parts, open });
  const { json, terminal } = context;
  terminal.out(json ? JSON.stringify(rotated) : `rotated: ${nameOf(rotated)} is this machine's key at ${name}`);
  if (others.length > 0) terminal.err(`the old key is still used at: ${others.join(", ")}`);
}

/** The public key that a word of the command line is, or that the file has which it names. */
async function publicKeyOf(word: string, { cwd }: CliContext): Promise<string> {
  const isKey = word.includes(" ") || /^[\w-]{43}$/.test(word) || word.includes("-----");
  const text = isKey ? undefined : await readText(absolutePath(word, cwd));
  return parsePublicKey(text ?? word);
}

function pathOf(key: string): string {
  return `/v1/keys/${encodeURIComponent(key)}`;
}

function nameOf({ name, id }: Pick<KeySummary, "name" | "id">): string {
  return `${plainText(name)} (${id})`;
}

function servicesOf({ scope }: KeySummary): string {
  return scope.includes("*") ? "all services" : scope.join(", ");
}

function encoded(json: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(json));
}
