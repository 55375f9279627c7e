import { proveLogin, signLogin, verifyLoginAnswer } from "../auth/invite.ts";
import { exportPrivateKey, generateKey, importPrivateKey, type Signer } from "../auth/keys.ts";
import { newNonce } from "../auth/request_signature.ts";
import { parseInviteLine } from "../auth/server_line.ts";
import { AuthError, UsageError } from "../error.ts";
import { parseHelloAnswer, parseLoginAnswer } from "../wire/answer_schemas.ts";
import type { LoginAnswer, LoginRequest } from "../wire/requests.ts";
import { Connection } from "./connection.ts";
import type { ClientFiles, ServerEntry } from "./servers.ts";
import type { Transport } from "./transport.ts";

export interface LoginRequestLine {
  /** What this laptop will call the server. */
  readonly name: string;
  /** The invite as it was printed. */
  readonly line: string;
}

export interface LoginParts {
  readonly files: ClientFiles;
  /** Opens a way to a server, and fetches the certificate that a pin names. */
  readonly connect: (
    server: Pick<ServerEntry, "url" | "certificatePin">,
  ) => Promise<{ readonly transport: Transport; readonly certificate: string | undefined }>;
  readonly now: () => Date;
  /** The key to register, instead of the laptop's own. */
  readonly givenKey?: (() => Promise<GivenKey>) | undefined;
}

/** A key that is not of the client's folder. */
export interface GivenKey {
  readonly signer: Signer;
  /** Where it is found again (`ServerEntry.key`); undefined when the surroundings of each command tell. */
  readonly reference: string | undefined;
}

/**
 * Registers this laptop's key at a server by an invite, and remembers the server under a name. A laptop without a key
 * gets one. The secret of the invite never travels; the server shows that it knows it too.
 *
 * @returns what the key may do there
 * @throws {UsageError} for a name or an invite that cannot be read
 * @throws {AuthError} when the invite is not accepted, or belongs to another server
 */
export async function login({ name, line }: LoginRequestLine, parts: LoginParts): Promise<LoginAnswer> {
  checkName(name);
  const { id, secret, ...server } = parseInviteLine(line);
  const { url, serverId } = server;
  const { transport, certificate } = await parts.connect(server);
  const connection = new Connection(transport, { kind: "unsigned" }, parts.now);
  try {
    const hello = await connection.json("GET", "/v1/hello", { parse: parseHelloAnswer });
    if (hello.serverId !== serverId) {
      throw new AuthError(`Cannot log in: ${url} is not the server that the invite is from`, {
        hint: "Check where the address leads, or ask for a new invite.",
      });
    }
    const { signer: key, reference } = await (parts.givenKey ?? (() => ownKey(parts.files)))();
    const claim = { invite: id, publicKey: key.publicKey, nonce: newNonce() };
    const request: LoginRequest = {
      ...claim,
      proof: await proveLogin(claim, { serverId, secret }),
      signature: await signLogin(claim, { serverId, key }),
    };
    const body = new TextEncoder().encode(JSON.stringify(request));
    const answer = await connection.json("POST", "/v1/login", { body, parse: parseLoginAnswer });
    await verifyLoginAnswer(answer, { serverId, secret, request: claim });
    await parts.files.saveServers({ [name]: { ...server, certificate, key: reference, nextKey: undefined } });
    return answer;
  } finally {
    transport.close();
  }
}

/**
 * Remembers a server that is reached over ssh under a name, when it answers. It needs neither an invite nor a key.
 *
 * @returns the version there
 * @throws {UsageError} for a bad name
 */
export async function loginOverSsh(
  { name, url }: { readonly name: string; readonly url: string },
  { files, transport, now }: Pick<LoginParts, "files" | "now"> & { readonly transport: Transport },
): Promise<string> {
  checkName(name);
  const connection = new Connection(transport, { kind: "unsigned" }, now);
  try {
    const { version } = await connection.json("GET", "/v1/hello", { parse: parseHelloAnswer });
    await files.saveServers({ [name]: { url } });
    return version;
  } finally {
    connection.close();
  }
}

/** This laptop's key; made, and saved before anybody hears of it, when there is none. */
async function ownKey(files: ClientFiles): Promise<GivenKey> {
  const saved = await files.privateKey();
  if (saved !== undefined) return { signer: await importPrivateKey(saved), reference: undefined };
  const key = await generateKey();
  await files.savePrivateKey(await exportPrivateKey(key));
  return { signer: key, reference: undefined };
}

/** A name must not look like an address: commands take both. */
function checkName(name: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) return;
  throw new UsageError(`Cannot name a server "${name}": a name has 1 to 63 letters, digits, ".", "_" or "-"`, {
    hint: "Write: mypaas login NAME INVITE.",
  });
}
