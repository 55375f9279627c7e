import { assertEquals } from "@std/assert";
import { NOT_INSTALLED, RELAY_COMMAND, remoteCommand, sshWords } from "../../src/host/ssh_words.ts";
import { parseSshUrl } from "../../src/wire/ssh_url.ts";
import { tempFolder } from "./temp_folder.ts";

/** Runs a line as sshd does, by the user's login shell; what is found of mypaas, sudo and id is given. */
async function inShell(line: string, programs: Record<string, string>, env: Record<string, string> = {}) {
  await using folder = await tempFolder();
  for (const [name, script] of Object.entries(programs)) {
    await Deno.writeTextFile(`${folder.path}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const { code, stdout } = await new Deno.Command("sh", {
    args: ["-c", line],
    env: { ...env, PATH: `${folder.path}:/usr/bin:/bin` },
  }).output();
  return [code, new TextDecoder().decode(stdout)];
}

const SHOWS = 'printf "%s|" "$@"';

Deno.test("sshWords() puts the host behind -- and asks nobody in a batch", () => {
  const words = sshWords(parseSshUrl("ssh://ann@[::1]:2222"), "run it", { batch: true });
  assertEquals(words.slice(words.indexOf("-l")), ["-l", "ann", "-p", "2222", "--", "::1", "run it"]);
  assertEquals(words.includes("BatchMode=yes"), true);
  const plain = sshWords(parseSshUrl("ssh://vm"), "run it", { batch: false, tty: true });
  assertEquals([plain[0], ...plain.slice(-3)], ["-t", "--", "vm", "run it"]);
  assertEquals(plain.some((word) => word.startsWith("BatchMode") || word === "-l" || word === "-p"), false);
});

Deno.test("RELAY_COMMAND runs the relay as root, by sudo where the user is another, and says where it came from", async () => {
  const env = { SSH_CONNECTION: "10.0.0.9 4321 10.0.0.1 22" };
  const root = { mypaas: SHOWS, id: "echo 0" };
  assertEquals(await inShell(RELAY_COMMAND, root, env), [0, "--json|relay|--client|10.0.0.9|"]);
  const user = { mypaas: SHOWS, id: "echo 1000", sudo: `echo "sudo $1"; shift; exec "$@"` };
  assertEquals(await inShell(RELAY_COMMAND, user, env), [0, "sudo -n\n--json|relay|--client|10.0.0.9|"]);
  assertEquals((await inShell(RELAY_COMMAND, { id: "echo 0" }, env))[0], NOT_INSTALLED);
});

Deno.test("remoteCommand() hands every word on as it is", async () => {
  const words = ["exec", "", " ", "a'b", `"`, "$HOME `id` \\ \\' ;|&", "two\nlines", "ä"];
  assertEquals(await inShell(remoteCommand(words), { mypaas: SHOWS, id: "echo 0" }), [
    0,
    words.map((word) => `${word}|`).join(""),
  ]);
});
