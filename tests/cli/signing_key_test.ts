import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { exportPrivateKey, generateKey, isSignedBy, type Signer } from "../../src/auth/keys.ts";
import { fingerprintOf, parsePublicKey } from "../../src/auth/ssh_public_key.ts";
import { givenKey, type KeyContext, keyOfVariable, openKey } from "../../src/cli/signing_key.ts";
import { AuthError, MyPaasError, UsageError } from "../../src/error.ts";
import { clientFolder } from "../../src/host/client_files.ts";
import { processTerminal } from "../../src/host/terminal.ts";
import { SshAgent, sshKeygen } from "../host/openssh.ts";
import { tempFolder } from "../host/temp_folder.ts";

const DATA = new TextEncoder().encode("signed");

/** A command without a terminal, in a folder, with these variables. */
function contextOf(cwd: string, env: Readonly<Record<string, string>> = {}): KeyContext {
  const isTerminal = { stdin: false, stdout: false, stderr: false };
  return { cwd, env: (name) => env[name], terminal: { ...processTerminal(), isTerminal } };
}

/** Shows that a signer signs for the public key of a line. */
async function signsFor(signer: Signer | undefined, line: string): Promise<void> {
  assertEquals(signer?.publicKey, parsePublicKey(line));
  const signature = await signer?.sign(DATA) ?? new Uint8Array();
  assert(await isSignedBy(parsePublicKey(line), { data: DATA, signature }));
}

Deno.test("MYPAAS_KEY is a path, or a key of OpenSSH or of ours", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/id`;
  const line = await sshKeygen(path);
  const text = await Deno.readTextFile(path);
  const own = await generateKey();
  const pkcs8 = await exportPrivateKey(own);
  await Deno.writeTextFile(`${folder.path}/own`, `${pkcs8}\n`, { mode: 0o600 });
  // CI systems take the last newline off, or put blanks or carriage returns in place of newlines.
  for (
    const value of [path, "id", "./id", text, text.trim(), text.replaceAll("\n", " "), text.replaceAll("\n", "\r\n")]
  ) {
    await signsFor(await keyOfVariable(contextOf(folder.path, { MYPAAS_KEY: value })), line);
  }
  for (const value of [pkcs8, `${pkcs8}\n`, `${folder.path}/own`]) {
    assertEquals((await keyOfVariable(contextOf("/", { MYPAAS_KEY: value })))?.id, own.id);
  }
  assertEquals(await keyOfVariable(contextOf("/")), undefined);
});

Deno.test("a damaged MYPAAS_KEY is refused without a piece of it in the error", async () => {
  await using folder = await tempFolder();
  await sshKeygen(`${folder.path}/id`);
  const text = await Deno.readTextFile(`${folder.path}/id`);
  const pkcs8 = await exportPrivateKey(await generateKey());
  const body = text.split("\n").slice(1, -2);
  const damaged = [
    ...[pkcs8.slice(1), pkcs8.slice(0, -1), pkcs8.slice(20), `${pkcs8}A`],
    ...[text.slice(0, 200), text.replaceAll("\n", "\\n"), text.slice(1), body.join(""), body.join("\n"), body[0] ?? ""],
  ];
  for (const value of damaged) {
    const context = contextOf(folder.path, { MYPAAS_KEY: value });
    const error = await assertRejects(() => keyOfVariable(context), AuthError).catch(() => {
      throw new Error(`no AuthError for ${value.length} characters`);
    });
    for (const said of [error.message, error.hint ?? ""]) {
      for (let at = 0; at + 12 <= value.length; at++) {
        const piece = value.slice(at, at + 12);
        if (!/^[\w+/-]+$/.test(piece)) continue;
        assertFalse(said.includes(piece), said);
      }
    }
  }
});

Deno.test("--key takes a file or the agent, saves where it is, and refuses a key on the command line", async () => {
  await using folder = await tempFolder();
  const line = await sshKeygen(`${folder.path}/id`);
  const given = await givenKey("id", contextOf(folder.path));
  await signsFor(given.signer, line);
  assertEquals(given.reference, `${folder.path}/id`);
  const missing = await assertRejects(() => givenKey("id2", contextOf(folder.path)), AuthError);
  assertEquals(missing.message, `Cannot use the key "${folder.path}/id2": there is no such file`);
  const pkcs8 = await exportPrivateKey(await generateKey());
  for (const value of [pkcs8, await Deno.readTextFile(`${folder.path}/id`)]) {
    const { message } = await assertRejects(() => givenKey(value, contextOf(folder.path)), UsageError);
    assertEquals(message, "Cannot use --key: a key on the command line is seen by others");
  }
  await Deno.writeTextFile(`${folder.path}/text`, "hello", { mode: 0o600 });
  const text = await assertRejects(() => givenKey("text", contextOf(folder.path)), AuthError);
  assertEquals(text.message, `Cannot use the key "${folder.path}/text": it is neither of OpenSSH nor of mypaas`);
});

Deno.test("a key of the agent is named by fingerprint or comment, and alone it needs no name", async () => {
  await using folder = await tempFolder();
  await using agent = await SshAgent.start(folder.path);
  const context = contextOf(folder.path, agent.env);
  const empty = await assertRejects(() => givenKey("agent", context), AuthError);
  assertEquals(empty.message, "Cannot use a key of the ssh-agent: it has no ed25519 key");
  const one = await sshKeygen(`${folder.path}/one`, { comment: "the one" });
  await agent.add(`${folder.path}/one`);
  const fingerprint = await fingerprintOf(parsePublicKey(one));
  const given = await givenKey("agent", context);
  await signsFor(given.signer, one);
  assertEquals(given.reference, `agent:${fingerprint}`);

  const two = await sshKeygen(`${folder.path}/two`, { comment: "the two" });
  await agent.add(`${folder.path}/two`);
  await signsFor((await givenKey("agent:the two", context)).signer, two);
  await signsFor((await givenKey(`agent:${fingerprint}`, context)).signer, one);
  await signsFor(await keyOfVariable(contextOf("/", { ...agent.env, MYPAAS_KEY: "agent:the one" })), one);
  const several = await assertRejects(() => givenKey("agent", context), AuthError);
  assertEquals(several.message, "Cannot use a key of the ssh-agent: 2 could be meant");
  assertStringIncludes(several.hint ?? "", `agent:${fingerprint} (the one)`);
  const none = await assertRejects(() => givenKey("agent:three", context), AuthError);
  assertEquals(none.message, 'Cannot use a key of the ssh-agent: none is "three"');
  const away = await assertRejects(() => givenKey("agent", contextOf("/")), AuthError);
  assertEquals(away.message, "Cannot ask the ssh-agent: SSH_AUTH_SOCK is not set");
});

Deno.test("an encrypted key is opened by an agent that has it, and asks for nothing without a terminal", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/id`;
  const line = await sshKeygen(path, { passphrase: "katze", more: ["-a", "1"] });
  const files = clientFolder(folder.path);
  for (const env of [{}, { SSH_AUTH_SOCK: "/nowhere" }]) {
    const { message, hint } = await assertRejects(
      () => openKey(path, { ...contextOf("/", env), files }),
      AuthError,
    );
    assertEquals(
      message,
      `Cannot use the key "${path}": it is encrypted, and here is no terminal to ask for its passphrase`,
    );
    assertStringIncludes(hint ?? "", "ssh-add");
  }
  const text = contextOf("/", { MYPAAS_KEY: await Deno.readTextFile(path) });
  const { message } = await assertRejects(() => keyOfVariable(text), AuthError);
  assertEquals(message, "Cannot use the key of MYPAAS_KEY: it is encrypted, and only one of a file can be opened");
  await using agent = await SshAgent.start(folder.path);
  // ssh-add asks on a terminal too: the agent gets the key from a copy without a passphrase.
  await Deno.copyFile(path, `${folder.path}/open`);
  await new Deno.Command("ssh-keygen", { args: ["-q", "-p", "-P", "katze", "-N", "", "-f", `${folder.path}/open`] })
    .output();
  await agent.add(`${folder.path}/open`);
  await signsFor(await openKey(path, { ...contextOf("/", agent.env), files }), line);
});

Deno.test("openKey() finds the laptop's own key, one of a single server, and says when there is none", async () => {
  await using folder = await tempFolder();
  const files = clientFolder(folder.path);
  const context = { ...contextOf("/"), files };
  const none = await assertRejects(() => openKey(undefined, context), MyPaasError);
  assertEquals([none.kind, none.message], ["auth", "Cannot sign the request: this machine has no key"]);
  const [own, single] = [await generateKey(), await generateKey()];
  await files.savePrivateKey(await exportPrivateKey(own));
  const reference = await files.saveServerKey(single.id, await exportPrivateKey(single));
  assertEquals([(await openKey(undefined, context)).id, (await openKey(reference, context)).id], [own.id, single.id]);
});
