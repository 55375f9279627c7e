import type { BuildLine } from "../deploy/runtime.ts";
import type { BuildFailure } from "./build_failure.ts";
import { type EngineProgress, progressError } from "./image_requests.ts";
import { StepOutput } from "./step_output.ts";

/** What the builder says around a step's own output; each is one record (moby builder/dockerfile). */
const HIDDEN =
  /^( ---> ([0-9a-f]{12}|Running in [0-9a-f]{12})|Removing intermediate container [0-9a-f]{12}|Successfully (built|tagged) \S+)\n$/;
/** Each label that MyPaas asks for is a step of its own, after the Dockerfile's. */
const OUR_LABELS = /^\[\d+\/\d+\] LABEL "?mypaas\./;
const WARNING = "[Warning] ";
/** The builder writes what came over stderr in red. */
const RED = "\u001b[91m";
const RED_END = "\u001b[0m";
const STDOUT = 1;
const STDERR = 2;

/** Follows one build of the classic builder, whose records are text, by the form of what it says. */
export class ClassicTrace {
  #step = "";
  #number = 0;
  #begins = false;
  #output = new StepOutput();
  #failure: BuildFailure | undefined;
  readonly #labels: number;

  /** @param labels how many the request asks for */
  constructor(labels: number) {
    this.#labels = labels;
  }

  /**
   * Reads the next record.
   *
   * @returns what is new: a line without text says that its step begins, text `cached` that it needs not run
   */
  read(progress: EngineProgress): readonly BuildLine[] {
    const error = progressError(progress);
    if (error !== undefined) {
      const last = this.#lines(this.#output.end());
      const code = progress.errorDetail?.code;
      const reason = code === undefined ? error : `exit code: ${code}`;
      this.#failure ??= { step: this.#step, error: reason, output: this.#output.tail() };
      return last;
    }
    return progress.stream === undefined ? [] : this.#readText(progress.stream);
  }

  /** The step that failed; undefined when none did. */
  failure(): BuildFailure | undefined {
    return this.#failure;
  }

  #readText(text: string): readonly BuildLine[] {
    const [, number, of, instruction] = /^Step (\d+)\/(\d+) : (.*)$/s.exec(text) ?? [];
    if (Number(number) === this.#number + 1) {
      return this.#begin(`[${number}/${Number(of) - this.#labels}] ${instruction}`);
    }
    const endsStep = this.#begins && text === "\n";
    this.#begins = false;
    if (endsStep || HIDDEN.test(text)) return [];
    if (text === " ---> Using cache\n") return this.#lines(["cached"]);
    if (text.startsWith(WARNING)) return [{ step: "", text: `warning: ${text.slice(WARNING.length).trimEnd()}` }];
    const red = text.startsWith(RED);
    const written = red ? text.slice(RED.length).replace(RED_END, "") : text;
    return this.#lines(this.#output.write(red ? STDERR : STDOUT, new TextEncoder().encode(written)));
  }

  #begin(step: string): readonly BuildLine[] {
    const last = this.#lines(this.#output.end());
    this.#number++;
    this.#step = step;
    this.#begins = true;
    this.#output = new StepOutput();
    return [...last, ...this.#lines([""])];
  }

  #lines(texts: readonly string[]): readonly BuildLine[] {
    return OUR_LABELS.test(this.#step) ? [] : texts.map((text) => ({ step: this.#step, text }));
  }
}
