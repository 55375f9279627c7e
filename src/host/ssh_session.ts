import type { SshServer } from "../wire/ssh_url.ts";
import { remoteCommand, type SshOptions, sshWords } from "./ssh_words.ts";

/**
 * Runs a command of mypaas on a server over ssh, as root there, with the terminal or the pipes of this process.
 *
 * @returns its exit code; 255 when ssh itself failed, and said why on standard error
 */
export async function runOverSsh(server: SshServer, words: readonly string[], options: SshOptions): Promise<number> {
  const ssh = new Deno.Command("ssh", {
    args: [...sshWords(server, remoteCommand(words), options)],
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  });
  return (await ssh.spawn().status).code;
}
