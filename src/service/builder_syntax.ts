import type { UsageError } from "../error.ts";
import { type Dockerfile, dockerfileError, type Instruction, onBuildInstruction } from "./dockerfile.ts";

/** The builders of Docker: BuildKit, and the one before it. */
export type BuilderKind = "buildkit" | "classic";

/** The flags that the classic builder knows; those of the instructions that are not here it knows all. */
const CLASSIC_FLAGS: Readonly<Record<string, readonly string[]>> = {
  FROM: ["platform"],
  ADD: ["chown"],
  COPY: ["from", "chown"],
  RUN: [],
};

/** What stands in a Dockerfile and cannot be built, and what to do instead. */
interface Fault {
  readonly line: number;
  readonly reason: string;
  readonly hint: string;
}

/**
 * Finds what a builder would fail at only in the midst of a build, with words about itself.
 *
 * @throws {UsageError} naming file and line, and what to do instead
 */
export function checkBuilderSyntax(dockerfile: Dockerfile, builder: BuilderKind): void {
  const instructions = dockerfile.instructions.map((instruction) =>
    instruction.keyword === "ONBUILD" ? onBuildInstruction(instruction, dockerfile.escape) : instruction
  );
  for (const instruction of instructions) refuse(dockerfile, sessionFault(instruction));
  if (builder === "buildkit") return;
  const { syntax, heredocLines } = dockerfile;
  if (syntax !== undefined) refuse(dockerfile, needsBuildKit(syntax.line, "# syntax="));
  for (const line of heredocLines) refuse(dockerfile, needsBuildKit(line, "a heredoc (<<)"));
  for (const instruction of instructions) refuse(dockerfile, classicFault(instruction));
}

function refuse({ file }: Dockerfile, fault: Fault | undefined): void {
  if (fault === undefined) return;
  const error: UsageError = dockerfileError(file, fault.line, fault.reason, fault.hint);
  throw error;
}

/** A session is a second connection, on which the docker command hands out secrets and keys while it builds. */
function sessionFault({ keyword, flags, args, line }: Instruction): Fault | undefined {
  const needsSession = "needs a BuildKit session, and MyPaas builds without one";
  const elsewhere = "or build the image elsewhere, push it to a registry, and write FROM its name here";
  const types = keyword === "RUN" ? flags.flatMap(mountType) : [];
  if (types.includes("secret")) {
    return {
      line,
      reason: `RUN --mount=type=secret ${needsSession}`,
      hint: `Give the service its secret when it runs, with # mypaas.env, ${elsewhere}`,
    };
  }
  const what = types.includes("ssh")
    ? "RUN --mount=type=ssh"
    : keyword === "ADD" && /(^|[\s"'])(git@|ssh:\/\/)/i.test(args)
    ? "ADD of a repository over ssh"
    : undefined;
  if (what === undefined) return undefined;
  return {
    line,
    reason: `${what} ${needsSession}`,
    hint: `Fetch it into this folder before the push, such as by a git submodule, ${elsewhere}`,
  };
}

/** The type of a `--mount`, by BuildKit's rule; none for another flag. */
function mountType(flag: string): readonly string[] {
  const [, fields] = /^--mount=(.*)$/s.exec(flag) ?? [];
  return (fields ?? "").split(",").flatMap((field) => /^type=(.*)$/i.exec(field)?.[1]?.toLowerCase() ?? []);
}

function classicFault({ keyword, flags, line }: Instruction): Fault | undefined {
  const known = CLASSIC_FLAGS[keyword];
  const unknown = known && flags.find((flag) => !known.includes(flagName(flag)));
  return unknown === undefined ? undefined : needsBuildKit(line, `${keyword} --${flagName(unknown)}`);
}

function flagName(flag: string): string {
  return flag.replace(/^--/, "").replace(/=.*$/s, "");
}

function needsBuildKit(line: number, what: string): Fault {
  return {
    line,
    reason: `${what} needs BuildKit, and this server builds with the classic builder`,
    hint: "Write it without, or have the server use BuildKit: mypaas init --builder buildkit",
  };
}
