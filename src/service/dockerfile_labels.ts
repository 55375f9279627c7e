import { type Dockerfile, type Instruction, onBuildInstruction } from "./dockerfile.ts";
import { readShellText, ShellSyntaxError, splitQuotedWords, trim } from "./shell_words.ts";

/** The key of a label that a Dockerfile sets. */
export interface UserLabel {
  /** Without quotes; variables stay as they are written. */
  readonly key: string;
  readonly line: number;
}

/** The labels of all `LABEL` instructions, in order, also behind `ONBUILD`. */
export function userLabels({ instructions, escape }: Dockerfile): readonly UserLabel[] {
  return instructions.flatMap((instruction) => {
    const inner = instruction.keyword === "ONBUILD" ? onBuildInstruction(instruction, escape) : instruction;
    if (inner.keyword !== "LABEL") return [];
    return labelKeys(inner, escape).map((key) => ({ key: plain(key, escape), line: inner.line }));
  });
}

/** Whether a label could be one of those that Traefik and MyPaas read; one whose name is a variable could be any. */
export function isOurLabel({ key }: UserLabel): boolean {
  const [literal = ""] = key.toLowerCase().split("$");
  return ["traefik.", "mypaas."].some((prefix) =>
    literal.startsWith(prefix) || (key.includes("$") && prefix.startsWith(literal))
  );
}

/** `LABEL a=1 "b"=2` names two; `LABEL a 1`, the old form, one. */
function labelKeys({ args }: Instruction, escape: string): readonly string[] {
  const words = splitQuotedWords(args, escape);
  if (!words[0]?.includes("=")) return args === "" ? [] : [trim(args).split(/[\t\v\f\r ]+/)[0] ?? ""];
  return words.map((word) => word.split("=")[0] ?? word);
}

function plain(key: string, escape: string): string {
  try {
    return readShellText(key, { escape }).text;
  } catch (error) {
    if (error instanceof ShellSyntaxError) return key;
    throw error;
  }
}
