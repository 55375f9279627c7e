import deno from "../../deno.json" with { type: "json" };

/** The version of this program. */
export const VERSION: string = deno.version;

/** Names the version of who sends, in requests and in answers. It is not signed: it explains failures and decides nothing. */
export const VERSION_HEADER = "mypaas-version";

const PATTERN = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})(-[0-9A-Za-z.-]{1,40})?$/;

/** Whether a text is a version as we write them: `0.2.0`, or `0.3.0-beta.1`. */
export function isVersion(text: string): boolean {
  return PATTERN.test(text);
}

/** The version that a sender names; undefined when it names none, or something else. */
export function senderVersion(headers: Headers): string | undefined {
  const text = headers.get(VERSION_HEADER);
  return text !== null && isVersion(text) ? text : undefined;
}

/**
 * Which of two versions is newer: positive when `a` is, negative when `b` is, 0 when they are the same. One with a
 * suffix comes before the one without; suffixes are compared as text.
 */
export function compareVersions(a: string, b: string): number {
  const [, ...left] = PATTERN.exec(a) ?? [];
  const [, ...right] = PATTERN.exec(b) ?? [];
  for (let i = 0; i < 3; i++) {
    const difference = Number(left[i] ?? 0) - Number(right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  const [early, late] = [left[3] ?? "", right[3] ?? ""];
  if (early === late) return 0;
  if (early === "" || late === "") return early === "" ? 1 : -1;
  return early < late ? -1 : 1;
}

/** Both versions and which side to upgrade; undefined when they are the same, or one is not known. */
export function skewHint(
  { client, server }: { readonly client: string | undefined; readonly server: string | undefined },
): string | undefined {
  if (client === undefined || server === undefined || client === server) return undefined;
  const [what, where] = compareVersions(client, server) > 0 ? ["server", "there: "] : ["client", ""];
  return `The client is mypaas ${client}, the server ${server}: upgrade the ${what}, ${where}mypaas upgrade.`;
}
