import { CHECKOUT } from "./project.ts";

/** A fenced block of README. */
export interface Block {
  /** The heading `## ...` that it stands under. */
  readonly section: string;
  /** The language of its fence, such as `sh`; empty for none. */
  readonly language: string;
  /** What stands between the fences. */
  readonly text: string;
  /** The paragraph before it, in one line. */
  readonly intro: string;
}

/** All fenced blocks of a Markdown text, in order. */
export function readBlocks(markdown: string): readonly Block[] {
  const blocks: Block[] = [];
  let [section, intro] = ["", ""];
  for (const part of markdown.split(/^(```[a-z]*\n[^]*?^```$)/m)) {
    const [, language, text] = /^```([a-z]*)\n([^]*)^```$/m.exec(part) ?? [];
    if (language !== undefined && text !== undefined) {
      blocks.push({ section, language, text, intro });
      continue;
    }
    section = [...part.matchAll(/^## (.*)$/gm)].at(-1)?.[1] ?? section;
    intro = part.trim().split(/\n\n+/).at(-1)?.replaceAll("\n", " ") ?? "";
  }
  return blocks;
}

/** The name of the file that a block shows, where the words before it end with one: `... \`python/app.py\`:`. */
export function fileOf({ intro }: Block): string | undefined {
  return /`([\w./-]+)`:$/.exec(intro)?.[1];
}

/** The lines of a block that a person types. */
export function linesOf({ text }: Block): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

/** What stands between backticks in the text, without the blocks and the tables that scripts write. */
export function codeSpans(markdown: string): readonly string[] {
  const text = markdown.replaceAll(/^```[a-z]*\n[^]*?^```$/gm, "")
    .replaceAll(/<!-- The table .* -->[^]*?<!-- End of the table .* -->/g, "");
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
}

/** On which machines a block is typed, as its intro says in bold: on the laptop, where it says nothing. */
export function machinesOf({ intro }: Block): readonly ("server" | "laptop")[] {
  const server = intro.includes("**On the server**");
  const laptop = !server || intro.includes("**on laptops**");
  return [...server ? ["server" as const] : [], ...laptop ? ["laptop" as const] : []];
}

/** README of this checkout. */
export const README = await Deno.readTextFile(`${CHECKOUT}/README.md`);

/** The sections whose blocks tests/e2e/readme_test.ts types, line by line. */
export const TYPED_SECTIONS = ["Your VM in five minutes", "From an empty folder", "Day to day"] as const;
