import type { EnvVariable } from "../service/spec.ts";
import type { Release } from "./store.ts";

/**
 * Whether two releases would be the same to a visitor: made of the same files and options, and with the same environment,
 * of which values of the service's store are no part of `contentDigest`.
 */
export function isSameContent(
  a: Pick<Release, "contentDigest" | "env">,
  b: Pick<Release, "contentDigest" | "env">,
): boolean {
  return a.contentDigest === b.contentDigest && changedNames(a.env, b.env).length === 0;
}

/** Names of the variables that are not the same in two environments, each once. */
export function changedNames(a: readonly EnvVariable[], b: readonly EnvVariable[]): readonly string[] {
  const one = new Map(a.map(({ name, value }) => [name, value]));
  const other = new Map(b.map(({ name, value }) => [name, value]));
  return [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name));
}
