import type { SshServer } from "../wire/ssh_url.ts";

/** With what the remote side ends where there is no mypaas; no program that runs there ends so by itself. */
export const NOT_INSTALLED = 97;

/** Finds mypaas where a login of ssh may not look, and becomes root where sudo lets it without a password. */
const AS_ROOT = [
  "PATH=$PATH:/usr/local/bin",
  `p=$(command -v mypaas) || { echo "mypaas is not installed here" >&2; exit ${NOT_INSTALLED}; }`,
  's=; test "$(id -u)" = 0 || s="sudo -n"',
].join("; ");

/**
 * What ssh has run on the server for the relay. The login shell may be any, so it sees one word in single quotes
 * without a backslash. sudo forgets SSH_CONNECTION (`client-address port address port`).
 */
export const RELAY_COMMAND = `sh -c '${AS_ROOT}; exec $s "$p" --json relay --client "\${SSH_CONNECTION%% *}"'`;

/** What ssh has run on the server for another command of mypaas. In base64 every login shell hands it on as it is. */
export function remoteCommand(words: readonly string[]): string {
  const quoted = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  const encoded = new TextEncoder().encode(quoted).toBase64();
  return `sh -c '${AS_ROOT}; eval "set -- $(echo $1 | base64 -d)"; exec $s "$p" "$@"' sh ${encoded}`;
}

export interface SshOptions {
  /** Nobody is there who could be asked for a password or about a host key. */
  readonly batch: boolean;
  /** A terminal on the other side as well. */
  readonly tty?: boolean;
}

/**
 * The words behind `ssh`. The user's configuration and known_hosts apply; only what a channel for a program must not have
 * is switched off, as scp does.
 */
export function sshWords(
  { user, host, port }: SshServer,
  command: string,
  { batch, tty = false }: SshOptions,
): readonly string[] {
  return [
    tty ? "-t" : "-T",
    ...["-x", "-a", "-o", "ClearAllForwardings=yes", "-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none"],
    // A line that went dead is noticed within a minute.
    ...["-o", "ServerAliveInterval=15"],
    ...batch ? ["-o", "BatchMode=yes"] : [],
    ...user === undefined ? [] : ["-l", user],
    ...port === undefined ? [] : ["-p", String(port)],
    "--",
    host,
    command,
  ];
}
