import { UsageError } from "../error.ts";
import { type Dockerfile, dockerfileError, type OptionLine, quoted, readDockerfile } from "./dockerfile.ts";
import { baseImages } from "./dockerfile_images.ts";
import { isOurLabel, userLabels } from "./dockerfile_labels.ts";
import { nearestName } from "./nearest_name.ts";
import type { Parsed } from "./option_values.ts";
import { allOptions, findOption, type Option, options } from "./options.ts";
import type { ServiceSpec } from "./spec.ts";

/** What a Dockerfile says about its service. */
export interface ParsedService {
  readonly spec: ServiceSpec;
  /** The images it names, in order, each once; to be fenced with `checkImages` and pulled before the build. */
  readonly baseImages: readonly string[];
  /** Whether it has no instruction but one `FROM` (and `ARG`s), so that only the image's tag says what is deployed. */
  readonly onlyFrom: boolean;
}

export interface ParseServiceOptions {
  /** What the image is built for, such as `linux/arm64`; decides about `FROM build-$TARGETARCH`. */
  readonly platform?: string;
}

/**
 * Reads the service that a Dockerfile defines.
 *
 * @param text decoded from UTF-8
 * @param file how messages name it
 * @throws {UsageError} for the first thing that is wrong: names file, line, value and what is allowed
 */
export function parseService(text: string, file: string, { platform }: ParseServiceOptions = {}): ParsedService {
  const dockerfile = readDockerfile(text, file);
  const [from, ...more] = dockerfile.instructions.filter(({ keyword }) => keyword !== "ARG");
  if (!dockerfile.instructions.some(({ keyword }) => keyword === "FROM")) {
    throw new UsageError(`Cannot build ${file}: it has no FROM instruction`, {
      hint: "Begin it with the image to build on, such as FROM nginx:alpine",
    });
  }
  const spec = readSpec(dockerfile);
  const label = userLabels(dockerfile).find(isOurLabel);
  if (label) {
    throw dockerfileError(
      file,
      label.line,
      `the label ${quoted(label.key)} is not allowed; labels that begin with traefik. or mypaas. are set by MyPaas`,
      "Use the options # mypaas.domain and # mypaas.port instead",
    );
  }
  return {
    spec,
    baseImages: baseImages(dockerfile, platform),
    onlyFrom: from?.keyword === "FROM" && more.length === 0,
  };
}

/** What the owner of a service should know about its spec, in sentences for the plan. */
export function specNotes(spec: ServiceSpec): readonly string[] {
  if (spec.scale === 0) return [];
  return spec.volumes.filter(({ readOnly }) => !readOnly).map(({ target }) =>
    `The volume at ${target} has more than one writer while a deploy runs, because scale is ${spec.scale}`
  );
}

function readSpec(dockerfile: Dockerfile): ServiceSpec {
  const given = new GivenOptions(dockerfile);
  const name = given.one(options.servicename);
  if (name === undefined) {
    throw new UsageError(`Cannot deploy ${dockerfile.file}: it does not name its service`, {
      hint: `Add this line to it: # mypaas.servicename = ${options.servicename.example}`,
    });
  }
  const scale = given.oneOrDefault(options.scale);
  const drainDefault = scale === 0 ? options.drainTimeout.defaultAtScaleZero : options.drainTimeout.default;
  return {
    name,
    domains: given.many(options.domain, (domain) => domain),
    https: false,
    volumes: given.many(options.volume, ({ target }) => target),
    port: given.oneOrDefault(options.port),
    scale,
    env: given.many(options.env, (variable) => variable.name),
    startTimeoutSeconds: given.oneOrDefault(options.startTimeout),
    drainTimeoutSeconds: given.oneOrDefault({ ...options.drainTimeout, default: drainDefault }),
    stopGraceSeconds: given.oneOrDefault(options.stopGrace),
  };
}

/** The option lines of a Dockerfile, read by the table. */
class GivenOptions {
  readonly #dockerfile: Dockerfile;

  /** @throws {UsageError} for a name that is no option */
  constructor(dockerfile: Dockerfile) {
    this.#dockerfile = dockerfile;
    const unknown = dockerfile.options.find(({ name }) => findOption(name) === undefined);
    if (unknown) throw unknownOption(dockerfile, unknown);
  }

  one<T>(option: Option<T>): T | undefined {
    const [first, second] = this.#lines(option);
    if (first && second) {
      throw this.#error(second, `it is already set in line ${first.line}, and takes one value only`);
    }
    return first && this.#value(option, first);
  }

  oneOrDefault<T>(option: Option<T> & { readonly default: string }): T {
    const value = this.one(option);
    if (value !== undefined) return value;
    const parsed = option.parse(option.default);
    if ("fault" in parsed) throw new Error(`The default of the option ${option.name} ${parsed.fault}`);
    return parsed.value;
  }

  /** @param key what must not come twice */
  many<T>(option: Option<T>, key: (value: T) => string): readonly T[] {
    const seen = new Map<string, number>();
    return this.#lines(option).map((line) => {
      const value = this.#value(option, line);
      const earlier = seen.get(key(value));
      if (earlier !== undefined) {
        throw this.#error(line, `${quoted(key(value))} is already set in line ${earlier}`);
      }
      seen.set(key(value), line.line);
      return value;
    });
  }

  #lines(option: Option<unknown>): readonly OptionLine[] {
    return this.#dockerfile.options.filter(({ name }) => findOption(name)?.name === option.name);
  }

  #value<T>(option: Option<T>, line: OptionLine): T {
    const parsed: Parsed<T> = option.parse(line.value);
    if ("value" in parsed) return parsed.value;
    throw this.#error(line, `${quoted(line.value)} ${parsed.fault}; it takes ${option.takes}`);
  }

  #error(line: OptionLine, reason: string): UsageError {
    return optionError(this.#dockerfile, line, reason);
  }
}

function optionError({ file }: Dockerfile, { name, line }: OptionLine, reason: string, hint?: string): UsageError {
  return new UsageError(`Cannot read option "${name}" in ${file} line ${line}: ${reason}`, { hint });
}

function unknownOption(dockerfile: Dockerfile, line: OptionLine): UsageError {
  const names = allOptions.map(({ name }) => name);
  const near = nearestName(line.name, allOptions.flatMap(({ name, aliases }) => [name, ...aliases]));
  const hint = near === undefined ? undefined : `Write # mypaas.${near} = ${line.value} if that is what you mean`;
  return optionError(dockerfile, line, `there is no such option; there are ${names.join(", ")}`, hint);
}
