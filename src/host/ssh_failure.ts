import { errorOfKind, type FailureKind, type MyPaasError } from "../error.ts";
import { errorOfText } from "../wire/error_body.ts";
import { NOT_INSTALLED } from "./ssh_words.ts";

/** How an ssh ended. */
export interface SshEnd {
  /** Of ssh, or of what it ran; 127 when there is no ssh here. */
  readonly code: number;
  /** What it wrote to standard error, its last lines, plain text. */
  readonly lines: readonly string[];
  /** Whether the relay had answered before. */
  readonly reached: boolean;
}

interface Problem {
  readonly problem: string;
  readonly hint: string;
  /** Default: trying again may help. */
  readonly kind?: FailureKind;
  /** Trying again cannot help. */
  readonly skew?: boolean;
}

/** What ssh itself says; it has one exit code (255) for all, so its text tells them apart. Each has a test. */
const SSH_SAYS: readonly (readonly [RegExp, (url: string) => Problem])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, () => ({
    problem: "its host key is another than the one that ssh knows",
    hint: "Somebody may be in between; if the server was set up anew, take the old key out: ssh-keygen -R HOST.",
    kind: "auth",
  })],
  [/Host key verification failed/, (url) => ({
    problem: "ssh does not know its host key",
    hint: `Connect once on a terminal and compare the key: ssh ${url}`,
    kind: "auth",
  })],
  [/Permission denied|Too many authentication failures|No supported authentication/, (url) => ({
    problem: "ssh is not let in",
    hint: `See that this works: ssh ${url}`,
    kind: "auth",
  })],
  [/Could not resolve hostname/, () => ({
    problem: "the name is not found",
    hint: "Check the name, and that this machine is online.",
  })],
  [
    /Connection refused/,
    () => ({ problem: "nothing listens there", hint: "Check the port, and that sshd runs there." }),
  ],
  [/timed out|not responding|No route to host|Network is unreachable/, () => ({
    problem: "it does not answer",
    hint: "Check the address, and the firewall of the server.",
  })],
  [/^sudo:|sudo: .*not found|not in the sudoers/, () => ({
    problem: "the user is not root there, and sudo does not let it be without a password",
    hint: "Log in as root, or let sudo run mypaas: ssh://root@HOST.",
    kind: "auth",
  })],
  [/[Uu]nknown command/, () => ({
    problem: "the mypaas there is too old for ssh://",
    hint: "Upgrade it, there: mypaas upgrade.",
    skew: true,
  })],
];

/** The one sentence for an ssh that ended, with what it said last. */
export function sshFailure(url: string, end: SshEnd): MyPaasError {
  const { problem, hint, kind = "failed", skew = false } = problemOf(url, end);
  const last = end.lines.at(-1);
  const said = last === undefined || errorOfText(last) !== undefined ? "" : ` (ssh says "${last}")`;
  return errorOfKind(kind, `Cannot reach ${url}: ${problem}${said}`, { hint, skew, details: end.lines.slice(0, -1) });
}

function problemOf(url: string, { code, lines, reached }: SshEnd): Problem {
  // The relay tells its failures as every command with --json does.
  const told = errorOfText(lines.at(-1) ?? "");
  if (told !== undefined && !/unknown command/i.test(told.message)) {
    return {
      problem: `mypaas there says "${told.message}"`,
      hint: told.hint ?? "Look there: mypaas ps",
      kind: told.kind,
    };
  }
  if (reached) return { problem: "the connection broke off", hint: "Try again." };
  const known = SSH_SAYS.find(([pattern]) => lines.some((line) => pattern.test(line)));
  if (known !== undefined) return known[1](url);
  if (code === NOT_INSTALLED) {
    return { problem: "it has no mypaas", hint: "Install it there, then: mypaas init.", skew: true };
  }
  if (code === 127) {
    return { problem: "there is no ssh on this machine", hint: "Install OpenSSH's client.", skew: true };
  }
  return { problem: `ssh ended with code ${code}`, hint: `See that this works: ssh ${url}` };
}
