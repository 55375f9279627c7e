import type { RegistrySummary } from "../wire/registries.ts";
import { shortTime, table } from "./tables.ts";

/** The lines of `mypaas registry list`. */
export function registriesTable(registries: readonly RegistrySummary[]): readonly string[] {
  if (registries.length === 0) return ["no registries"];
  return table(
    ["REGISTRY", "USER", "BY", "SINCE"],
    registries.map(({ host, username, by, at }) => [host, username, by, shortTime(at)]),
  );
}
