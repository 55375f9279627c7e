import { fault, type Finding, unknown, warning } from "./finding.ts";

/** The packet filter as its own tools print it; undefined where a tool is not there or refused. */
export interface FirewallFacts {
  /** `iptables-save -t filter`, and `ip6tables-save` where ports are published on IPv6. */
  readonly tables: readonly string[];
  /** `nft list ruleset`; what it shows of iptables is in `tables` too. */
  readonly nft: string | undefined;
  /** The interface of the default route, such as `eth0`. */
  readonly interface: string | undefined;
  /** What a visitor's packet is for: the ports of the host, and those of Traefik's container that they become. */
  readonly ports: readonly { readonly host: number; readonly container: number }[];
}

/** A packet of a visitor's first connection, on its way to Traefik's container. */
interface Packet {
  readonly interface: string | undefined;
  readonly host: number;
  readonly container: number;
}

type Chains = ReadonlyMap<string, readonly (readonly string[])[]>;
/** `limited`: it depends on what is not known here, such as the visitor's address. */
interface Verdict {
  readonly kind: "pass" | "drop" | "limited";
  readonly rule: string;
}

/** Judges what stands between a visitor and Traefik, as far as it is seen: `ufw` and others write such rules too. */
export function checkFirewall({ tables, nft, ports, ...facts }: FirewallFacts): readonly Finding[] {
  if (tables.length === 0 && nft === undefined) {
    return [
      unknown("Cannot see the packet filter: neither iptables-save nor nft tells it", "apt-get install iptables"),
    ];
  }
  const chains = tables.map(chainsOf);
  const dropped = ports.flatMap((port): readonly Finding[] => {
    const verdicts = chains.flatMap((one) => walk("FORWARD", one, { ...facts, ...port }) ?? []);
    const verdict = verdicts.find(({ kind }) => kind === "drop") ?? verdicts.find(({ kind }) => kind === "limited");
    if (verdict === undefined) return [];
    const mend = `iptables ${verdict.rule.replace(/^-A/, "-D")} (and take it out of what sets it at boot)`;
    return [
      verdict.kind === "drop"
        ? fault(`The packet filter keeps visitors from port ${port.host}: ${verdict.rule}`, mend)
        : warning(`The packet filter may keep visitors from port ${port.host}: ${verdict.rule}`, mend),
    ];
  });
  return [...dropped, ...forwardPolicies(nft ?? "")];
}

/** The rules of `iptables-save` by their chain, as words. */
function chainsOf(table: string): Chains {
  const chains = new Map<string, (readonly string[])[]>();
  for (const line of table.split("\n")) {
    const [command, chain, ...words] = line.match(/"(?:\\.|[^"\\])*"|\S+/g) ?? [];
    if (command !== "-A" || chain === undefined) continue;
    chains.set(chain, [...chains.get(chain) ?? [], words]);
  }
  return chains;
}

/**
 * What the rules of a chain do with a packet, up to Docker's own ones, which let published ports through; undefined: they
 * leave it to what comes after.
 */
function walk(chain: string, chains: Chains, packet: Packet, depth = 0): Verdict | undefined {
  if (depth > 8) return undefined;
  for (const words of chains.get(chain) ?? []) {
    const target = words[words.indexOf("-j") + 1] ?? "";
    const rule = `-A ${chain} ${words.join(" ")}`;
    // Between bridges only. Docker moves it before and behind DOCKER-USER when it makes a network.
    if (/^DOCKER-ISOLATION/.test(target)) continue;
    if (/^DOCKER(?!-USER)/.test(target)) return undefined;
    const matches = match(words, packet);
    if (matches === "no") continue;
    if (target === "RETURN" && matches === "yes") return undefined;
    if (target === "ACCEPT" && matches === "yes") return { kind: "pass", rule };
    if (target === "DROP" || target === "REJECT") return { kind: matches === "yes" ? "drop" : "limited", rule };
    const inside = chains.has(target) ? walk(target, chains, packet, depth + 1) : undefined;
    if (inside === undefined || matches === "unknown" && inside.kind === "pass") continue;
    return matches === "yes" ? inside : { ...inside, kind: "limited" };
  }
  return undefined;
}

/** Words that say nothing about which packet: iptables-extensions(8). */
const SILENT: ReadonlySet<string> = new Set(["-m", "--comment", "--reject-with", "--log-prefix", "--log-level"]);

function match(words: readonly string[], packet: Packet): "yes" | "no" | "unknown" {
  let unsure = false;
  for (let i = 0; i < words.length; i++) {
    const negated = words[i] === "!";
    if (negated) i++;
    const [option = "", value = ""] = [words[i], words[i + 1]];
    i++;
    if (option === "-j" || option === "-g") break;
    if (SILENT.has(option)) continue;
    const one = matchOne(option, value, packet);
    if (one === undefined) unsure = true;
    else if (one === negated) return "no";
  }
  return unsure ? "unknown" : "yes";
}

/** Undefined: it depends. A rule for one source is not about visitors, of whom each has another one. */
function matchOne(option: string, value: string, packet: Packet): boolean | undefined {
  switch (option) {
    case "-i":
      return packet.interface === undefined ? undefined : glob(value, packet.interface);
    case "-p":
      return value === "tcp" || value === "all";
    case "--dport":
    case "--dports":
      return includes(value, packet.container);
    case "--ctorigdstport":
      return includes(value, packet.host);
    case "--ctstate":
    case "--state":
      return value.split(",").includes("NEW");
    case "-s":
      return /^0\.0\.0\.0\/0$|^::\/0$/.test(value) ? true : undefined;
    default:
      return undefined;
  }
}

/** `eth0`, or `eth+` for all that begin so. */
function glob(pattern: string, name: string): boolean {
  return pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

/** `80`, `80,443`, `1:1024`. */
function includes(ports: string, port: number): boolean {
  return ports.split(",").some((one) => {
    const [first = 0, last = first] = one.split(":").map(Number);
    return first <= port && port <= last;
  });
}

/** Chains of nftables that drop what is forwarded, beside those of iptables and of Docker itself. */
function forwardPolicies(ruleset: string): readonly Finding[] {
  const findings: Finding[] = [];
  let table = "";
  for (const line of ruleset.split("\n")) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table;
    if (!/\bhook forward\b.*\bpolicy drop\b/.test(line)) continue;
    if (/^(ip|ip6) (filter|docker)/.test(table)) continue;
    findings.push(
      warning(
        `The packet filter may keep visitors away: nftables' table ${table} drops what is forwarded to containers unless a rule of it lets it through`,
        `nft list table ${table}`,
      ),
    );
  }
  return findings;
}
