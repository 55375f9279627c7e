/** A table as `deno fmt` writes it: the first row is the head. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** Replaces what stands between two comments of a text. @throws when the text lacks one of them */
export function replaceBetween(text: string, [begin, end]: readonly [string, string], content: string): string {
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md lacks "${begin}" or "${end}"`);
  return `${before}${begin}\n\n${content}\n\n${end}${after}`;
}
