import { skewHint } from "../wire/version.ts";
import { fault, type Finding, unknown, warning } from "./finding.ts";

/** What a program of the server says who it is, or why it says nothing. */
export type Hello = { readonly serverId: string; readonly version: string } | { readonly failure: string };

export interface RunningFacts {
  readonly serverId: string;
  /** The version of the program that looks. */
  readonly version: string;
  readonly daemon: Hello & { readonly socket: string; readonly start: string };
  readonly receiver: Hello & { readonly address: string; readonly start: string };
  /** How often each was started again by its supervisor because it had ended, and what shows why. */
  readonly restarts: readonly { readonly name: string; readonly count: number; readonly logs: string }[];
  /** How `mypaas` is called on this server. */
  readonly command: string;
}

/** As often a program may end in its life before it is told. */
const MANY_RESTARTS = 5;

/** Judges whether daemon and receiver answer, are this server's, and are of one version. */
export function checkRunning(facts: RunningFacts): readonly Finding[] {
  const { serverId, version, daemon, receiver, restarts, command } = facts;
  const findings = [
    ...answering(`The daemon does not answer on "${daemon.socket}"`, daemon, serverId),
    ...answering(`The receiver does not answer at ${receiver.address}`, receiver, serverId),
    ...skew({ version, daemon, receiver, command }),
  ];
  const crashed = restarts.filter(({ count }) => count >= MANY_RESTARTS).map(({ name, count, logs }) =>
    warning(`${name} has ended by itself ${count} times and was started again`, logs)
  );
  return [...findings, ...crashed];
}

function answering(
  sentence: string,
  hello: Hello & { readonly start: string },
  serverId: string,
): readonly Finding[] {
  if ("failure" in hello) return [fault(`${sentence}: ${hello.failure}`, hello.start)];
  if (hello.serverId === serverId) return [];
  return [fault(`${sentence}: another server's answers there (${hello.serverId})`, hello.start)];
}

/** All are copies of one program; an upgrade that was cut off leaves two. */
function skew(
  { version, daemon, receiver, command }: Pick<RunningFacts, "version" | "daemon" | "receiver" | "command">,
): readonly Finding[] {
  const others = [["daemon", daemon], ["receiver", receiver]] as const;
  return others.flatMap(([name, hello]) => {
    if ("failure" in hello || hello.version === version) return [];
    return [fault(`The ${name} is mypaas ${hello.version}, this program ${version}`, `${command} init`)];
  });
}

/** What a server says of itself, seen from a laptop. */
export interface RemoteFacts {
  /** As the laptop calls it. */
  readonly name: string;
  readonly version: string;
  readonly hello: { readonly serverId: string; readonly version: string; readonly time: Date };
  /** The id that it had at login; undefined over ssh. */
  readonly serverId: string | undefined;
  /** When it was asked, and when it had answered. */
  readonly asked: Date;
  readonly answered: Date;
}

/** So long a request is valid, before and after: `src/auth/request_signature.ts`. */
const VALID_SECONDS = 60;

/** Judges clock, version and identity of a server that answered. */
export function checkRemote(facts: RemoteFacts): readonly Finding[] {
  const { name, version, hello, serverId } = facts;
  const findings = [...clockDifference(facts)];
  if (serverId !== undefined && serverId !== hello.serverId) {
    findings.push(
      fault(
        `"${name}" is another server than at login: its id is ${hello.serverId}, not ${serverId}`,
        "Make an invite on it (mypaas invite), and log in with that: mypaas login NAME LINE",
      ),
    );
  }
  const hint = skewHint({ client: version, server: hello.version });
  if (hint !== undefined) findings.push(warning(`"${name}" is mypaas ${hello.version}, this program ${version}`, hint));
  return findings;
}

function clockDifference({ name, hello, asked, answered }: RemoteFacts): readonly Finding[] {
  // Somewhere on the way the server looked at its clock: what the way took is not known by more.
  const ahead = (hello.time.getTime() - answered.getTime()) / 1000;
  const behind = (asked.getTime() - hello.time.getTime()) / 1000;
  const seconds = Math.max(ahead, behind);
  if (seconds < VALID_SECONDS / 4) return [];
  const which = ahead > behind ? "behind" : "ahead of";
  const message = `This machine's clock is ${Math.round(seconds)} s ${which} that of "${name}"`;
  const fix = "timedatectl set-ntp true, on the one that is wrong (date -u shows the time)";
  if (seconds < VALID_SECONDS) return [warning(`${message}: from ${VALID_SECONDS} s on nothing is accepted`, fix)];
  return [fault(`${message}: nothing that it signs is accepted`, fix)];
}

/** What no program on a server can see. */
export function outsideUnseen(): Finding {
  return unknown(
    "What stands before this machine, such as a provider's firewall, is not seen from here",
    "On a laptop: mypaas doctor --server NAME",
  );
}
