import { allOptions, type Option } from "../src/service/options.ts";

const BEGIN = "<!-- The table of options is written by scripts/readme_options.ts. -->";
const END = "<!-- End of the table of options. -->";

/** README with its table of options made anew from the one source, src/service/options.ts. */
export function withOptionsTable(readme: string): string {
  const [before, rest] = readme.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md lacks "${BEGIN}" or "${END}"`);
  return `${before}${BEGIN}\n\n${optionsTable()}\n\n${END}${after}`;
}

function optionsTable(): string {
  const rows = [
    ["option", "default", "meaning", "example"],
    ...allOptions.map((
      option,
    ) => [`\`${option.name}\``, defaultOf(option), meaningOf(option), `\`${option.example}\``]),
  ];
  // Aligned as deno fmt does it.
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
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
