import * as v from "valibot";
import type { EnvVariable } from "../service/spec.ts";
import { wholeNumber } from "./fields.ts";
import { validate } from "./validate.ts";

/** `POST /v1/services/{service}/exec`: in which container a command runs. Over daemon.sock only. */
export interface ExecRequest {
  /** For the audit. */
  readonly command: readonly string[];
  /** Number of a replica; any that runs when it is not given. */
  readonly replica?: number | undefined;
}

/** `POST /v1/services/{service}/run`: makes a one-off container. Over daemon.sock only. */
export interface RunRequest {
  /** Empty: the image's own. */
  readonly command: readonly string[];
  /** The live one when it is not given. */
  readonly release?: number | undefined;
  /** Beside those of the release, and before them. */
  readonly env: readonly EnvVariable[];
  readonly stdin: boolean;
  readonly tty: boolean;
  /** The program that asks: what is left of the container when it has ended is removed. `<pid>.<start>` */
  readonly owner: string;
}

/** The answer to both. */
export interface SessionAnswer {
  /** Docker's id of the container. */
  readonly id: string;
  /** Its name in sentences. */
  readonly name: string;
}

const name = v.pipe(v.string(), v.regex(/^[A-Za-z_][\w.-]*$/, "must be the name of a variable"));
const word = v.pipe(v.string(), v.check((text) => !text.includes("\0"), "must have no NUL character"));
const number = wholeNumber(1, Number.MAX_SAFE_INTEGER);

const execRequest: v.GenericSchema<unknown, ExecRequest> = v.strictObject({
  command: v.pipe(v.array(word), v.minLength(1, "must name a program")),
  replica: v.optional(number),
});
const runRequest: v.GenericSchema<unknown, RunRequest> = v.strictObject({
  command: v.array(word),
  release: v.optional(number),
  env: v.array(v.strictObject({ name, value: word })),
  stdin: v.boolean(),
  tty: v.boolean(),
  owner: v.pipe(v.string(), v.regex(/^\d{1,10}\.\d{1,20}$/, "must be a process and its start")),
});
const sessionAnswer: v.GenericSchema<unknown, SessionAnswer> = v.object({ id: v.string(), name: v.string() });

/** @throws {UsageError} naming the field and what is allowed */
export function parseExecRequest(json: unknown): ExecRequest {
  return validate(execRequest, json, { what: "the exec request", kind: "usage" });
}

/** @throws {UsageError} naming the field and what is allowed */
export function parseRunRequest(json: unknown): RunRequest {
  return validate(runRequest, json, { what: "the run request", kind: "usage" });
}

/** @throws {MyPaasError} naming the field that is wrong */
export function parseSessionAnswer(json: unknown): SessionAnswer {
  return validate(sessionAnswer, json, { what: "the answer of the server", kind: "failed" });
}
