import { allOptions, type Option } from "../src/service/options.ts";
import { markdownTable, replaceBetween } from "./markdown_table.ts";

const MARKS = [
  "<!-- The table of options is written by scripts/readme_options.ts. -->",
  "<!-- End of the table of options. -->",
] as const;

/** README with its table of options made anew from the one source, src/service/options.ts. */
export function withOptionsTable(readme: string): string {
  const rows = allOptions.map((
    option,
  ) => [`\`${option.name}\``, defaultOf(option), meaningOf(option), `\`${option.example}\``]);
  return replaceBetween(readme, MARKS, markdownTable([["option", "default", "meaning", "example"], ...rows]));
}

function defaultOf(option: Option<unknown>): string {
  if (option.default === undefined) return option.name === "servicename" ? "required" : "none";
  const other = option.defaultAtScaleZero;
  return `\`${option.default}\`${other === undefined ? "" : ` (\`${other}\` with \`scale\` 0)`}`;
}

function meaningOf({ meaning, repeatable, aliases }: Option<unknown>): string {
  return [
    meaning,
    ...(repeatable ? ["Repeat it for more"] : []),
    ...aliases.map((alias) => `Also written \`${alias}\``),
  ].join(". ");
}

if (import.meta.main) {
  const path = new URL("../README.md", import.meta.url);
  await Deno.writeTextFile(path, withOptionsTable(await Deno.readTextFile(path)));
}
