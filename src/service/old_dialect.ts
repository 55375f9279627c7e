import { parseServiceName } from "./option_values.ts";

/**
 * What MyPaas says about a value as mypaas 0.5 (Python) took it and which is not taken here, or is not meant so here.
 * `fault` replaces the words of the option's own parser; without it those stand.
 */
export interface Difference {
  /** The option's name; undefined: any. */
  readonly option: string | undefined;
  readonly pattern: RegExp;
  /** The rest of a sentence that begins with the quoted value. */
  readonly fault?: string;
  /** What to write instead; gets the groups of the pattern. */
  readonly instead: (groups: readonly string[], name: string) => string | undefined;
}

/** The written list of differences in values; `mypaas.scale = 2 safe` is one. */
export const DIFFERENCES: readonly Difference[] = [
  {
    option: undefined,
    pattern: /^$/,
    instead: () => "mypaas 0.5 ignored an option without a value: leave the line out",
  },
  {
    option: "servicename",
    pattern: /^([a-z0-9][\w./-]*)$/i,
    instead: ([written = ""], name) => {
      const plain = written.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 42).replace(/^-|-$/g, "");
      if ("fault" in parseServiceName(plain)) return undefined;
      return `Write # mypaas.${name} = ${plain}; that is then the name by which other services reach it`;
    },
  },
  {
    option: "scale",
    pattern: /^(\d*)\s*(?:safe|roll)\s*(\d*)$/,
    fault: "names a way to deploy, and there is one only: all new containers are ready before the first old one stops",
    instead: ([before, after], name) => `Write # mypaas.${name} = ${before || after || "1"}`,
  },
  {
    option: "volume",
    pattern: /^~\/?:(.*)$/,
    instead: ([target]) => `Name a folder below ~, such as # mypaas.volume = ~/data:${target}`,
  },
  {
    option: "volume",
    pattern: /^([^:]+:[^:]+):(?!ro$)[\w,]*$/,
    instead: ([volume]) => `Write # mypaas.volume = ${volume}; it may be written to unless :ro is behind it`,
  },
  {
    option: "volume",
    pattern: /^(?:\.\/)?([\w-][\w.-]*(?:\/[\w.-]+)+|(?<=\.\/)[\w.-]+):(\/.*)$/,
    instead: ([folder, target]) => `Name it from the volume root: # mypaas.volume = ~/${folder}:${target}`,
  },
  {
    option: "publish",
    pattern: /^(?:\d+(?:\.\d+){3}|\[[^\]]*\]):(\d*:\d+.*)$/,
    fault: "names an address, and a published port is on all addresses of the server",
    instead: ([ports = ""]) =>
      `Leave it out where only services of this server use it: they reach each other by name; or write # mypaas.publish = ${
        ports.replace(/^:(\d+)/, "$1:$1")
      } for everybody`,
  },
  {
    option: "publish",
    pattern: /^\d+-\d+:/,
    instead: () => "Write one line for each port",
  },
  {
    option: "publish",
    pattern: /^:?(\d+)(\/(?:tcp|udp))?$/,
    instead: ([port, protocol = ""]) => `Write # mypaas.publish = ${port}:${port}${protocol}, the server's port first`,
  },
  {
    option: "maxmem",
    pattern: /^0+[kmgt]?$/i,
    instead: () => "Leave the line out for no limit",
  },
  {
    option: "maxcpu",
    pattern: /^0*\.?0*$/,
    instead: () => "Leave the line out for no limit",
  },
  {
    option: "url",
    pattern: /^(https?:\/\/[^/:@]+):\d+(\/.*)?$/i,
    instead: ([site, path = ""]) =>
      `Write # mypaas.url = ${site}${path}; the ports of http and https are those of the server`,
  },
  {
    option: "url",
    pattern: /^([a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\/[^?#]*)?)$/i,
    instead: ([site]) => `Write # mypaas.url = https://${site}`,
  },
  {
    option: "env",
    pattern: /^([A-Za-z_][\w.-]*=)\s*(["'])(.*)\2$/s,
    fault: "has quotes around its value, which would be a part of it",
    instead: ([name, quote, value]) => {
      const other = quote === '"' ? "'" : '"';
      return `Write # mypaas.env = ${name}${value}, or put quotes around it all to keep these: ${other}${name}${quote}${value}${quote}${other}`;
    },
  },
  {
    option: "env",
    pattern: /^([A-Za-z_][\w.-]*)(?:\s+=\s*|=\s+)(.+)$/s,
    fault: "has blanks around its =",
    instead: ([name, value]) =>
      `Write # mypaas.env = ${name}=${value}, or put quotes around it all to keep a blank: "${name}= ${value}"`,
  },
];

/** The difference that a value falls under, with what to write instead. */
export function findDifference(
  { option, name, value }: { readonly option: string; readonly name: string; readonly value: string },
): { readonly fault: string | undefined; readonly hint: string | undefined } | undefined {
  for (const difference of DIFFERENCES) {
    if (difference.option !== undefined && difference.option !== option) continue;
    const match = difference.pattern.exec(value);
    if (match) return { fault: difference.fault, hint: difference.instead(match.slice(1), name) };
  }
  return undefined;
}
