import { importPrivateKey, type Signer } from "../auth/keys.ts";
import { fingerprintOf } from "../auth/ssh_public_key.ts";
import { looksLikePem, openSshPrivateKey, parseSshPrivateKey } from "../auth/ssh_private_key.ts";
import type { GivenKey } from "../client/login.ts";
import { plainText } from "../client/plain_text.ts";
import { type ClientFiles, isFolderKey } from "../client/servers.ts";
import { AuthError, MyPaasError, UsageError } from "../error.ts";
import { readPrivateFile } from "../host/private_file.ts";
import { agentKeys, agentSigner } from "../host/ssh_agent.ts";
import { unlockedKey } from "../host/unlocked_key.ts";
import type { CliContext } from "./context.ts";
import { absolutePath } from "./paths.ts";

/** What finding a key needs of a command's surroundings. */
export type KeyContext = Pick<CliContext, "cwd" | "env" | "terminal">;

/** The key of MYPAAS_KEY: a path, `agent[:WHICH]`, or the key itself. Undefined when it is not set. */
export async function keyOfVariable(context: KeyContext): Promise<Signer | undefined> {
  const value = context.env("MYPAAS_KEY")?.trim();
  if (value === undefined) return undefined;
  if (looksLikeKey(value)) return await keyOfText(value, { what: "of MYPAAS_KEY" }, context);
  if (isAgent(value)) return (await agentKey(value, context)).signer;
  const path = absolutePath(value, context.cwd);
  const text = await readPrivateFile(path).catch((error) => {
    if (error instanceof MyPaasError) throw error;
    // Such as a name that is too long: a key that lost a part.
    return undefined;
  });
  if (text !== undefined) return await keyOfText(text, { path }, context);
  // It may be a damaged key, so it is not repeated.
  throw new AuthError("Cannot use MYPAAS_KEY: it is neither a key nor the path of a file", {
    hint: 'Give the content of a private key file, its path, or "agent".',
  });
}

/**
 * The key that `--key` names: a path, or `agent[:WHICH]` with a fingerprint or a comment.
 *
 * @throws {UsageError} when it is a key itself, which others can read on the command line
 */
export async function givenKey(value: string, context: KeyContext): Promise<GivenKey> {
  if (looksLikeKey(value)) {
    throw new UsageError("Cannot use --key: a key on the command line is seen by others", {
      hint: "Give the path of its file, or set MYPAAS_KEY.",
    });
  }
  if (isAgent(value)) return await agentKey(value, context);
  const path = absolutePath(value, context.cwd);
  return { signer: await keyOfFile(path, context), reference: path };
}

/**
 * Finds the key of a reference as servers.yml has it (`ServerEntry.key`).
 *
 * @throws {AuthError} when it is not there, or cannot be opened
 */
export async function openKey(
  reference: string | undefined,
  { files, ...context }: KeyContext & { readonly files: ClientFiles },
): Promise<Signer> {
  if (reference === undefined || isFolderKey(reference)) {
    const text = await files.privateKey(reference);
    if (text !== undefined) return await importPrivateKey(text);
    throw new AuthError("Cannot sign the request: this machine has no key", {
      hint: "Ask for an invite, and log in with it: mypaas login NAME LINE.",
    });
  }
  return isAgent(reference) ? (await agentKey(reference, context)).signer : await keyOfFile(reference, context);
}

/** The beginning of PKCS #8 with an ed25519 key in base64, or lines of dashes. */
function looksLikeKey(value: string): boolean {
  return looksLikePem(value) || /^MC4CAQ|^MFECAQ/.test(value);
}

function isAgent(reference: string): boolean {
  return reference === "agent" || reference.startsWith("agent:");
}

async function agentKey(reference: string, { env }: KeyContext): Promise<GivenKey> {
  const socket = env("SSH_AUTH_SOCK");
  if (socket === undefined) {
    throw new AuthError("Cannot ask the ssh-agent: SSH_AUTH_SOCK is not set", {
      hint: 'Start one: eval "$(ssh-agent)" && ssh-add.',
    });
  }
  const which = reference.slice("agent:".length);
  const keys = await Promise.all(
    (await agentKeys(socket)).map(async (key) => ({ ...key, fingerprint: await fingerprintOf(key.publicKey) })),
  );
  const found = keys.filter(({ fingerprint, comment }) => which === "" || which === fingerprint || which === comment);
  const [first, ...more] = found;
  if (first !== undefined && more.length === 0) {
    return { signer: await agentSigner(socket, first.publicKey), reference: `agent:${first.fingerprint}` };
  }
  const cannot = "Cannot use a key of the ssh-agent";
  if (keys.length === 0) {
    throw new AuthError(`${cannot}: it has no ed25519 key`, { hint: "Add one: ssh-add ~/.ssh/id_ed25519." });
  }
  const problem = first === undefined ? `none is "${plainText(which)}"` : `${found.length} could be meant`;
  const choices = (first === undefined ? keys : found)
    .map(({ fingerprint, comment }) => `agent:${fingerprint} (${plainText(comment)})`);
  throw new AuthError(`${cannot}: ${problem}`, { hint: `It has: ${choices.join(", ")}.` });
}

async function keyOfFile(path: string, context: KeyContext): Promise<Signer> {
  const text = await readPrivateFile(path);
  if (text === undefined) throw new AuthError(`Cannot use the key "${path}": there is no such file`);
  return await keyOfText(text, { path }, context);
}

/** @param from the file it is from, or how else messages name the key, whose text is never repeated */
async function keyOfText(
  text: string,
  from: { readonly path: string } | { readonly what: string },
  context: KeyContext,
): Promise<Signer> {
  const what = "path" in from ? `"${from.path}"` : from.what;
  if (!looksLikePem(text)) {
    return await importPrivateKey(text).catch((cause) => {
      throw new AuthError(`Cannot use the key ${what}: it is neither of OpenSSH nor of mypaas`, { cause });
    });
  }
  const { publicKey, privatePart } = parseSshPrivateKey(text, what);
  if (privatePart !== undefined) return await openSshPrivateKey(publicKey, { privatePart, what });
  const held = await heldByAgent(publicKey, context);
  if (held !== undefined) return held;
  if ("path" in from && context.terminal.isTerminal.stdin) return await unlockedKey(from.path, publicKey);
  const state = "path" in from ? "here is no terminal to ask for its passphrase" : "only one of a file can be opened";
  throw new AuthError(`Cannot use the key ${what}: it is encrypted, and ${state}`, {
    hint: "Put it into an ssh-agent (ssh-add), which is asked first, or use a key without a passphrase.",
  });
}

/** An agent that has the key spares the passphrase, as it does with ssh. One that does not answer is no error here. */
async function heldByAgent(publicKey: string, { env }: KeyContext): Promise<Signer | undefined> {
  const socket = env("SSH_AUTH_SOCK");
  if (socket === undefined) return undefined;
  const keys = await agentKeys(socket).catch((error) => {
    if (error instanceof MyPaasError) return [];
    throw error;
  });
  return keys.some((key) => key.publicKey === publicKey) ? await agentSigner(socket, publicKey) : undefined;
}
