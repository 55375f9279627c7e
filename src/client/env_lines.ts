import type { EnvSetAnswer, EnvSummary } from "../wire/env.ts";
import { plainText } from "./plain_text.ts";
import { shortTime, table } from "./tables.ts";

/** The lines of `mypaas env list`. */
export function envTable(variables: readonly EnvSummary[]): readonly string[] {
  if (variables.length === 0) return ["no variables"];
  const rows = variables.map((
    { name, secret, setBy, setAt },
  ) => [secret ? `${name} (secret)` : name, setBy, shortTime(setAt)]);
  return table(["NAME", "SET BY", "SET"], rows);
}

/** What became of a change of a service's store, and why nothing is rolled out, where that is so. */
export function envNotes(
  { release, stopped, unused, lacking, deploy: rollsOut, behind }: EnvSetAnswer,
  { service, set, unset, deploy }: {
    readonly service: string;
    readonly set: readonly string[];
    readonly unset: readonly string[];
    readonly deploy: boolean;
  },
): readonly string[] {
  const lines = [
    ...set.map((name) => `${service}: ${name} is stored`),
    ...unset.map((name) => `${service}: ${name} is removed`),
  ];
  if (behind !== undefined) {
    return [...lines, `the deploy ${plainText(behind)} began before: the change rolls out behind it`];
  }
  if (release === undefined) {
    return [...lines, `${service} has no release yet: its first one takes what its Dockerfile names`];
  }
  const notTaken = unused.map((name) =>
    set.includes(name)
      ? `release ${release} does not take ${plainText(name)}: a line "# mypaas.env = ${
        plainText(name)
      }" in the Dockerfile does`
      : `release ${release} does not take ${plainText(name)}`
  );
  const without = lacking.map((name) =>
    `warning: the Dockerfile takes ${plainText(name)}, which is not stored: the next push needs it`
  );
  lines.push(...notTaken, ...without);
  if (rollsOut !== undefined || unused.length === set.length + unset.length) return lines;
  const why = stopped
    ? `${service} is stopped: its next push takes the change`
    : deploy
    ? `release ${release} has these values already`
    : "nothing is rolled out: the next push takes the change";
  return [...lines, why];
}
