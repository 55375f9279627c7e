import { assert, assertEquals, assertRejects } from "@std/assert";
import { isSignedBy, keyId } from "../../src/auth/keys.ts";
import { parsePublicKey } from "../../src/auth/ssh_public_key.ts";
import { AuthError } from "../../src/error.ts";
import { agentKeys, agentSigner } from "../../src/host/ssh_agent.ts";
import { SshAgent, sshKeygen } from "./openssh.ts";
import { tempFolder } from "./temp_folder.ts";

const DATA = new TextEncoder().encode("signed");

Deno.test("a real ssh-agent lists its ed25519 keys, and signs with each", async () => {
  await using folder = await tempFolder();
  await using agent = await SshAgent.start(folder.path);
  assertEquals(await agentKeys(agent.socket), []);
  const lines = [];
  for (const name of ["one", "two"]) {
    lines.push(await sshKeygen(`${folder.path}/${name}`, { comment: `the ${name}` }));
    await agent.add(`${folder.path}/${name}`);
  }
  await sshKeygen(`${folder.path}/ec`, { type: "ecdsa" });
  await agent.add(`${folder.path}/ec`);
  const keys = await agentKeys(agent.socket);
  const expected = lines.map((line, i) => ({ publicKey: parsePublicKey(line), comment: `the ${["one", "two"][i]}` }));
  assertEquals(keys, expected);
  for (const { publicKey } of keys) {
    const signer = await agentSigner(agent.socket, publicKey);
    assertEquals([signer.id, signer.publicKey], [await keyId(publicKey), publicKey]);
    // As several requests at once do.
    for (const signature of await Promise.all([signer.sign(DATA), signer.sign(DATA)])) {
      assert(await isSignedBy(publicKey, { data: DATA, signature }));
    }
  }
});

Deno.test("an ssh-agent that lost the key refuses to sign, in a sentence", async () => {
  await using folder = await tempFolder();
  await using agent = await SshAgent.start(folder.path);
  const line = await sshKeygen(`${folder.path}/id`);
  await agent.add(`${folder.path}/id`);
  const signer = await agentSigner(agent.socket, parsePublicKey(line));
  await agent.add("-D");
  await assertRejects(() => signer.sign(DATA), AuthError, "Cannot sign with the ssh-agent: it refused");
});

Deno.test("no agent, and what is none, are told in a sentence", async () => {
  await using folder = await tempFolder();
  const none = `${folder.path}/none`;
  await assertRejects(() => agentKeys(none), AuthError, `Cannot ask the ssh-agent: it is not at "${none}"`);
  const answers = [[], [0, 0, 0, 0], [0, 0, 0, 1, 5], [0, 0, 0, 9, 12], [255, 255, 255, 255], [
    0,
    0,
    0,
    5,
    12,
    0,
    0,
    0,
    1,
  ]];
  for (const [i, answer] of answers.entries()) {
    const socket = `${folder.path}/${i}`;
    const listener = Deno.listen({ transport: "unix", path: socket });
    const served = (async () => {
      for await (const connection of listener) {
        await connection.read(new Uint8Array(64));
        await connection.write(Uint8Array.from(answer));
        connection.close();
      }
    })();
    await assertRejects(() => agentKeys(socket), AuthError, `what is at "${socket}" does not answer as one`);
    listener.close();
    await served.catch(() => {});
  }
});
