import { UsageError } from "../error.ts";

/** The name of the compressed program for a machine, as scripts/release gives it; undefined when there is none. */
export function releaseFile({ os, arch }: { readonly os: string; readonly arch: string }): string | undefined {
  if (!["linux", "darwin"].includes(os) || !["x86_64", "aarch64"].includes(arch)) return undefined;
  return `mypaas-${os}-${arch}.gz`;
}

/** The SHA-256 of a file in a list as sha256sum(1) writes it: 64 hex digits; undefined when the list has no such file. */
export function listedDigest(list: string, file: string): string | undefined {
  for (const line of list.split("\n")) {
    const [, digest, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (name === file) return digest;
  }
  return undefined;
}

/**
 * The address of a folder of releases, without a slash at its end: https, a folder of this machine (`file:///...`), or
 * plain http to this machine itself.
 *
 * @throws {UsageError} for anything else
 */
export function releasesUrl(text: string): string {
  const refuse = (why: string) => new UsageError(`Cannot download from "${text}": ${why}`, { hint: "Use https." });
  if (!URL.canParse(text)) throw refuse("it is no URL");
  const { protocol, hostname, search, hash, href } = new URL(text);
  const here = protocol === "http:" && (hostname === "localhost" || /^127(\.\d{1,3}){3}$/.test(hostname));
  if (protocol !== "https:" && protocol !== "file:" && !here) throw refuse("only https is spoken");
  if (search !== "" || hash !== "") throw refuse("a folder has no query");
  return href.replace(/\/+$/, "");
}
