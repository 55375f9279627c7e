import type { BuildRequest } from "../deploy/runtime.ts";
import { BuildError } from "../error.ts";
import { EngineError, engineReason } from "./engine_error.ts";

/** Where a build failed. */
export interface BuildFailure {
  /** The instruction, such as `[2/3] RUN make`; empty when it is none of the Dockerfile's. */
  readonly step: string;
  /** The builder's words; they end with `exit code: 2` when a command failed. */
  readonly error: string;
  /** The end of what the instruction wrote. */
  readonly output: readonly string[];
}

/** A longer instruction is cut in a sentence. */
const MAX_STEP_LENGTH = 200;
const NO_SPACE = /no space left on device/i;
/** How Engines without BuildKit refuse it; they give no code for it. */
const NO_BUILDKIT = /^buildkit (is )?(not|only)\b|^invalid version: 2$/i;

/** One sentence with the instruction that failed, and what it wrote as details. */
export function buildError(
  { service }: Pick<BuildRequest, "service">,
  step: BuildFailure | undefined,
  cause: { readonly reason: string } | EngineError,
): BuildError {
  const text = step?.error ?? cause.reason;
  const code = /exit code: (\d+)$/.exec(text)?.[1];
  const full = NO_SPACE.test(text);
  const reason = full
    ? "no space is left where Docker builds"
    : code === undefined
    ? engineReason(text)
    : `exit code ${code}`;
  const name = step?.step ?? "";
  const instruction = name.length > MAX_STEP_LENGTH ? `${name.slice(0, MAX_STEP_LENGTH)}...` : name;
  return new BuildError(`Cannot build "${service}": ${instruction === "" ? "" : `${instruction}: `}${reason}`, {
    details: step?.output,
    ...(full || step?.output.some((line) => NO_SPACE.test(line)) === true) && {
      hint: "The disk of the server is full: df -h, docker system df.",
    },
    ...(cause instanceof EngineError && {
      cause,
      ...NO_BUILDKIT.test(cause.reason) && {
        hint: "This Docker has no BuildKit: on the server, mypaas init --builder classic takes its classic builder.",
      },
    }),
  });
}
