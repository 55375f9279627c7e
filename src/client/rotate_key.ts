// A rotation is cut nowhere: the next key is on the disk, and servers.yml names both, before the server hears of it; the
// server changes one for the other in one step; servers.yml names the next one alone when the server has said so. Who
// finds both named asks again: with the old key, and where that is refused with the next one, which is answered too when
// it is in place already.
import { exportPrivateKey, generateKey, type Signer } from "../auth/keys.ts";
import { signRotation } from "../auth/rotation.ts";
import { AuthError, UsageError } from "../error.ts";
import { parseKey, type RotateKeyRequest } from "../wire/keys.ts";
import type { KeySummary } from "../wire/requests.ts";
import type { Connection } from "./connection.ts";
import type { GivenKey } from "./login.ts";
import { type ClientFiles, isFolderKey, type ServerEntry } from "./servers.ts";

export interface RotationParts {
  readonly files: ClientFiles;
  /** Finds the key of a reference (`ServerEntry.key`). */
  readonly open: (reference: string | undefined) => Promise<Signer>;
  readonly connect: (key: Signer) => Connection;
}

/** How a rotation ended. */
export interface Rotation {
  readonly key: KeySummary;
  readonly signer: Signer;
  /** Names of other servers at which the old key may still be used. */
  readonly others: readonly string[];
}

/**
 * Puts a new key in place of the one that this laptop has at a server. One that was begun before is carried to its end, and
 * is the rotation when no key is given.
 *
 * @param name of the server, as it was given at login
 * @param given the next key; undefined: one is made
 */
export async function rotateKey(name: string, given: GivenKey | undefined, parts: RotationParts): Promise<Rotation> {
  const { files } = parts;
  const entry = await entryOf(name, files);
  if (entry.nextKey !== undefined) {
    const finished = await finishRotation(name, parts);
    if (given === undefined || finished.signer.id === given.signer.id) return finished;
  }
  const current = await entryOf(name, files);
  await files.saveServers({ [name]: { ...current, nextKey: given?.reference ?? await newKey(files) } });
  return await finishRotation(name, parts);
}

/**
 * Carries a rotation to its end that was begun.
 *
 * @throws {AuthError} when the server knows neither key
 */
export async function finishRotation(name: string, parts: RotationParts): Promise<Rotation> {
  const { files, open } = parts;
  const entry = await entryOf(name, files);
  const [old, next] = [await open(entry.key), await open(entry.nextKey)];
  const { serverId } = entry;
  const request: RotateKeyRequest = {
    publicKey: next.publicKey,
    signature: await signRotation({ serverId, oldKey: old.id }, next),
  };
  const key = await ask(old, request, parts).catch(async (refusal) => {
    if (!(refusal instanceof AuthError)) throw refusal;
    return await ask(next, request, parts).catch((second) => {
      // Neither is known there: what the key that was in use is told says why.
      throw second instanceof AuthError ? refusal : second;
    });
  });
  const sameKey = Object.entries(await files.servers())
    .flatMap(([alias, other]) => "serverId" in other && other.key === entry.key ? [[alias, other] as const] : []);
  const [here, others] = partition(sameKey, ([, other]) => other.serverId === serverId);
  // A server may have more than one name.
  await files.saveServers(Object.fromEntries(
    here.map(([alias, other]) => [alias, { ...other, key: entry.nextKey, nextKey: undefined }]),
  ));
  // A key that was taken back is of no use to anybody, the next login included.
  if (others.length === 0 && old.id !== next.id && isFolderKey(entry.key)) await files.removeKey(entry.key);
  return { key, signer: next, others: others.map(([other]) => other) };
}

function partition<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}

async function ask(signer: Signer, request: RotateKeyRequest, { connect }: RotationParts): Promise<KeySummary> {
  using connection = connect(signer);
  const body = new TextEncoder().encode(JSON.stringify(request));
  return await connection.json("POST", "/v1/keys/rotate", { body, parse: parseKey });
}

async function newKey(files: ClientFiles): Promise<string> {
  const key = await generateKey();
  return await files.saveServerKey(key.id, await exportPrivateKey(key));
}

async function entryOf(name: string, files: ClientFiles): Promise<ServerEntry> {
  const servers = await files.servers();
  const entry = servers[name];
  if (Object.hasOwn(servers, name) && entry !== undefined && "serverId" in entry) return entry;
  throw new UsageError(`Cannot rotate the key: this machine is not logged in to "${name}"`);
}
