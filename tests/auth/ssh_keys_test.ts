import { assert, assertEquals, assertNotMatch, assertRejects, assertThrows } from "@std/assert";
import { isSignedBy, type KeyPair } from "../../src/auth/keys.ts";
import { fingerprintOf, parsePublicKey } from "../../src/auth/ssh_public_key.ts";
import { openSshPrivateKey, parseSshPrivateKey } from "../../src/auth/ssh_private_key.ts";
import { AuthError, UsageError } from "../../src/error.ts";
import { openssh, sshKeygen } from "../host/openssh.ts";
import { tempFolder } from "../host/temp_folder.ts";

const DATA = new TextEncoder().encode("signed");
const WHAT = '"id"';

/** Opens a key that is not encrypted. */
async function open(text: string): Promise<KeyPair> {
  const { publicKey, privatePart } = parseSshPrivateKey(text, WHAT);
  assert(privatePart !== undefined);
  return await openSshPrivateKey(publicKey, { privatePart, what: WHAT });
}

Deno.test("a key of ssh-keygen signs for the public key of its line", async () => {
  await using folder = await tempFolder();
  for (const comment of ["ann@laptop", "", "a b c", "x".repeat(300)]) {
    const path = `${folder.path}/id${comment.length}`;
    const publicKey = parsePublicKey(await sshKeygen(path, { comment }));
    const key = await open(await Deno.readTextFile(path));
    assertEquals(key.publicKey, publicKey);
    assert(await isSignedBy(publicKey, { data: DATA, signature: await key.sign(DATA) }));
  }
});

Deno.test("of a key that ssh-keygen encrypted only the public part is read", async () => {
  await using folder = await tempFolder();
  for (const [i, more] of [[], ["-Z", "aes256-gcm@openssh.com"]].entries()) {
    const path = `${folder.path}/id${i}`;
    const line = await sshKeygen(path, { passphrase: "katze", more: ["-a", "1", ...more] });
    assertEquals(parseSshPrivateKey(await Deno.readTextFile(path), WHAT), {
      publicKey: parsePublicKey(line),
      privatePart: undefined,
    });
  }
});

Deno.test("fingerprintOf() is what ssh-keygen -l prints", async () => {
  await using folder = await tempFolder();
  const line = await sshKeygen(`${folder.path}/id`);
  const [, printed] = (await openssh("ssh-keygen", ["-l", "-f", `${folder.path}/id.pub`])).split(" ");
  assertEquals(await fingerprintOf(parsePublicKey(line)), printed);
});

Deno.test("a key of another type is refused by name", async () => {
  await using folder = await tempFolder();
  const line = await sshKeygen(`${folder.path}/ec`, { type: "ecdsa" });
  const error = assertThrows(() => parsePublicKey(line), UsageError);
  assertEquals(error.message, 'Cannot use the public key: its type is "ecdsa-sha2-nistp256", it must be "ssh-ed25519"');
  assertEquals(error.hint, "Make one with: ssh-keygen -t ed25519.");
  const text = await Deno.readTextFile(`${folder.path}/ec`);
  assertThrows(
    () => parseSshPrivateKey(text, WHAT),
    AuthError,
    'Cannot use the key "id": its type is "ecdsa-sha2-nistp256", it must be "ssh-ed25519"',
  );
});

Deno.test("a damaged key is refused at every byte, without repeating it", async () => {
  await using folder = await tempFolder();
  await sshKeygen(`${folder.path}/id`, { comment: "" });
  const text = await Deno.readTextFile(`${folder.path}/id`);
  const bytes = Uint8Array.fromBase64(text.split("\n").slice(1, -2).join(""));
  const armored = (content: Uint8Array) =>
    `-----BEGIN OPENSSH PRIVATE KEY-----\n${content.toBase64()}\n-----END OPENSSH PRIVATE KEY-----\n`;
  const { publicKey } = await open(text);
  assertEquals((await open(armored(bytes))).publicKey, publicKey);
  for (let length = 0; length < bytes.length; length += 7) {
    const { message } = await assertRejects(() => open(armored(bytes.slice(0, length))), AuthError);
    assertNotMatch(message, /[\w+/]{30}/);
  }
  const cipher = [19, 20, 21, 22];
  for (let at = 0; at < bytes.length; at++) {
    // Another cipher is another kind of key.
    if (cipher.includes(at)) continue;
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x55;
    const opened = await open(armored(changed)).then((key) => key.publicKey, (error) => error);
    // The options, the comment and the padding are not looked at.
    assert(opened === publicKey || opened instanceof AuthError, `byte ${at}: ${opened}`);
  }
});

Deno.test("parsePublicKey() takes a line with or without a comment, and our own form", async () => {
  await using folder = await tempFolder();
  const line = await sshKeygen(`${folder.path}/id`);
  const [type, blob] = line.split(" ");
  const raw = parsePublicKey(line);
  assertEquals([parsePublicKey(`${type} ${blob}`), parsePublicKey(` ${raw}\n`)], [raw, raw]);
});

Deno.test("parsePublicKey() says what is wrong, and never repeats a private key", async () => {
  await using folder = await tempFolder();
  const line = await sshKeygen(`${folder.path}/id`);
  const secret = await Deno.readTextFile(`${folder.path}/id`);
  const { message, hint } = assertThrows(() => parsePublicKey(secret), UsageError);
  assertEquals([message, hint], [
    "Cannot use the public key: it is a private key",
    "Give the file beside it whose name ends in .pub.",
  ]);
  const [, blob = ""] = line.split(" ");
  for (const wrong of ["", "id.pub", `ssh-rsa ${blob}`, `ssh-ed25519 ${blob.slice(4)}`, `${line}${line}`, blob]) {
    assertThrows(() => parsePublicKey(wrong), UsageError, "it must be a line");
  }
});
