import type { UsageError } from "../error.ts";
import type { BuilderKind } from "./builder_syntax.ts";
import { type Dockerfile, dockerfileError, type Instruction, onBuildInstruction, quoted } from "./dockerfile.ts";
import type { EnvVariable } from "./spec.ts";
import { readShellText, ShellSyntaxError, splitQuotedWords } from "./shell_words.ts";

/** The frontends that are known to read a Dockerfile as MyPaas does; any other could use every image of the machine. */
const KNOWN_SYNTAX = /^(docker\.io\/)?docker\/dockerfile(-upstream)?(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$/;

/** Variables that BuildKit sets by itself. */
const PLATFORM_VARIABLE = /^(BUILD|TARGET)(PLATFORM|OS|ARCH|VARIANT)$/;

/** Variables that only some versions of BuildKit set. */
const UNKNOWN_VARIABLES: readonly string[] = ["TARGETSTAGE", "TARGETOSVERSION", "BUILDOSVERSION"];

export interface BaseImagesOptions {
  /** What the image is built for, such as `linux/arm64`: it decides about `$TARGETARCH` and its like. */
  readonly platform?: string | undefined;
  readonly buildArgs?: readonly EnvVariable[];
  /** The classic builder leaves what BuildKit sets empty. */
  readonly builder?: BuilderKind;
}

/**
 * The images a Dockerfile names, in order, each once: `FROM` with the global `ARG`s and the build arguments put in, `COPY --from=`,
 * `RUN --mount=from=`, both also behind `ONBUILD`, and `# syntax=`. Not its own stages, not `scratch`.
 *
 * @throws {UsageError} for a name that cannot be known for certain
 */
export function baseImages(
  dockerfile: Dockerfile,
  { platform = "linux/amd64", buildArgs = [], builder = "buildkit" }: BaseImagesOptions = {},
): readonly string[] {
  const images = new Set<string>();
  const syntax = dockerfile.syntax;
  if (syntax) {
    if (!KNOWN_SYNTAX.test(syntax.image)) {
      throw dockerfileError(
        dockerfile.file,
        syntax.line,
        `${quoted(syntax.image)} cannot be the syntax; it takes docker/dockerfile, such as docker/dockerfile:1`,
      );
    }
    images.add(syntax.image);
  }
  const { stages, from } = readStages(
    dockerfile,
    builder === "classic" ? new Map() : platformVariables(platform),
    buildArgs,
  );
  for (const instruction of dockerfile.instructions) {
    const named = instruction.keyword === "FROM"
      ? [from.get(instruction)]
      : otherImages(instruction, dockerfile).filter((image) => !stages.has(image.toLowerCase()) && !isIndex(image));
    for (const image of named) {
      if (image === undefined || image === "scratch") continue;
      if (!isImage(image)) throw notAnImage(dockerfile, instruction, image);
      images.add(image);
    }
  }
  return [...images];
}

interface Stages {
  /** Lower-case names of all stages. */
  readonly stages: ReadonlySet<string>;
  /** The image of each `FROM`; none when it continues an earlier stage. */
  readonly from: ReadonlyMap<Instruction, string>;
}

function readStages(
  dockerfile: Dockerfile,
  variables: Map<string, string>,
  buildArgs: readonly EnvVariable[],
): Stages {
  const stages = new Set<string>();
  const from = new Map<Instruction, string>();
  for (const instruction of dockerfile.instructions) {
    if (instruction.keyword === "ARG" && from.size === 0 && stages.size === 0) {
      for (const word of splitQuotedWords(instruction.args, dockerfile.escape)) {
        const [, name = word, written] = /^([^=]+)=(.*)$/s.exec(word) ?? [];
        // A build argument counts only where an ARG asks for it, and is taken as it is.
        const given = buildArgs.find((argument) => argument.name === name)?.value;
        if (given !== undefined) variables.set(name, given);
        else if (written !== undefined) variables.set(name, expand(written, variables, { dockerfile, instruction }));
      }
    }
    if (instruction.keyword !== "FROM") continue;
    const [written = "", as, name, ...more] = instruction.args.split(/[\t\v\f\r ]+/);
    const named = as?.toLowerCase() === "as" && name !== undefined && more.length === 0;
    if (written === "" || (as !== undefined && !named)) {
      const { file } = dockerfile;
      throw dockerfileError(file, instruction.line, `FROM takes an image, or an image AS a name`);
    }
    const image = expand(written, variables, { dockerfile, instruction });
    if (!stages.has(image.toLowerCase())) from.set(instruction, image);
    if (name !== undefined) stages.add(name.toLowerCase());
  }
  return { stages, from };
}

/** The variables that Docker sets by itself. */
function platformVariables(platform: string): Map<string, string> {
  const [os = "", arch = "", variant = ""] = platform.split("/");
  const values = { PLATFORM: platform, OS: os, ARCH: arch, VARIANT: variant };
  return new Map(
    Object.entries(values).flatMap(([name, value]) => [[`BUILD${name}`, value], [`TARGET${name}`, value]]),
  );
}

interface Place {
  readonly dockerfile: Dockerfile;
  readonly instruction: Instruction;
}

function expand(
  written: string,
  variables: ReadonlyMap<string, string>,
  { dockerfile, instruction }: Place,
): string {
  const lookup = (name: string) => {
    const value = variables.get(name);
    if (value === undefined && UNKNOWN_VARIABLES.includes(name)) {
      throw new ShellSyntaxError(`"${name}" has a value only Docker knows`);
    }
    if (value === undefined && PLATFORM_VARIABLE.test(name)) {
      throw new ShellSyntaxError(`"${name}" has a value only with BuildKit`);
    }
    return value;
  };
  try {
    return readShellText(written, { escape: dockerfile.escape, lookup }).text;
  } catch (error) {
    if (!(error instanceof ShellSyntaxError)) throw error;
    throw dockerfileError(dockerfile.file, instruction.line, `${quoted(written)}: ${error.message}`);
  }
}

/** The images and stages that flags name. */
function otherImages(instruction: Instruction, dockerfile: Dockerfile): readonly string[] {
  switch (instruction.keyword) {
    case "ONBUILD":
      return otherImages(onBuildInstruction(instruction, dockerfile.escape), dockerfile);
    case "COPY":
      return instruction.flags.filter((flag) => flag.startsWith("--from=")).map((flag) => flag.slice("--from=".length));
    case "RUN":
      return instruction.flags.filter((flag) => flag.startsWith("--mount=")).flatMap((flag) => {
        // The value is a line of CSV; its quotes would need a reader of their own and nobody writes them.
        if (/["\r\n]/.test(flag)) {
          throw dockerfileError(dockerfile.file, instruction.line, "quotes inside --mount are not supported");
        }
        return flag.slice("--mount=".length).split(",").map((field) => /^from=(.*)$/is.exec(field)?.[1] ?? "")
          .filter((image) => image !== "");
      });
    default:
      return [];
  }
}

/** `COPY --from=0` names a stage by its number. */
function isIndex(image: string): boolean {
  return /^[+-]?\d+$/.test(image);
}

/** The characters of an image reference, and no quote, escape or variable. Docker has the last word on the rest. */
function isImage(image: string): boolean {
  return /^[\w][\w.:/-]*(@sha256:[0-9a-f]{64})?$/.test(image) && !/[:/]$/.test(image);
}

function notAnImage({ file }: Dockerfile, { line, keyword }: Instruction, image: string): UsageError {
  const hint = keyword === "FROM"
    ? "Give every variable in FROM a value with ARG before the first FROM"
    : "Variables are not read here: define a stage with FROM and name that stage";
  return dockerfileError(file, line, `${quoted(image)} is not an image`, hint);
}
