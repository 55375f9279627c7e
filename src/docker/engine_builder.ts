import type { Builder, BuildLine, BuildRequest, BuiltImage } from "../deploy/runtime.ts";
import { BuildError, MyPaasError } from "../error.ts";
import { Label, type ObjectNames } from "../service/names.ts";
import { type BuildFailure, BuildTrace } from "./build_trace.ts";
import type { DockerClient } from "./client.ts";
import { EngineError, engineReason, unlessStatus } from "./engine_error.ts";
import { buildImage, inspectImage, progressError, pullImage, removeImage, tagImage } from "./image_requests.ts";
import { finish, hasImage } from "./pull.ts";

/** A longer instruction is cut in a sentence. */
const MAX_STEP_LENGTH = 200;

export interface EngineBuilderOptions {
  readonly client: DockerClient;
  readonly names: ObjectNames;
  /** The server id: the label by which our images are known. */
  readonly instance: string;
}

/** Builds images with the BuildKit of the machine's Docker Engine. */
export class EngineBuilder implements Builder {
  readonly #client: DockerClient;
  readonly #names: ObjectNames;
  readonly #instance: string;

  constructor({ client, names, instance }: EngineBuilderOptions) {
    this.#client = client;
    this.#names = names;
    this.#instance = instance;
  }

  async build(request: BuildRequest, onLine: (line: BuildLine) => void, signal: AbortSignal): Promise<BuiltImage> {
    const context = new WatchedStream(request.context);
    try {
      await this.#pullMissing(request, onLine, signal);
      return await this.#run(request, { context: context.stream, onLine, signal });
    } catch (error) {
      if (context.failed) throw context.failure;
      if (error instanceof EngineError && error.status !== 0) throw buildError(request, undefined, error);
      throw error;
    } finally {
      await context.cancel();
    }
  }

  async reuse(
    service: string,
    { of, release }: { readonly of: number; readonly release: number },
  ): Promise<BuiltImage> {
    const from = this.#names.image(service, of);
    const image = this.#names.image(service, release);
    const found = await unlessStatus([404], this.#client.run(inspectImage(from)));
    if (found === undefined) {
      throw new MyPaasError(`Cannot use the image of release ${of} of "${service}": it is gone`, {
        hint: "Push the service again.",
      });
    }
    await this.#client.run(tagImage(from, image));
    return { image, imageId: found.Id };
  }

  hasImage(service: string, release: number): Promise<boolean> {
    return hasImage(this.#client, this.#names.image(service, release));
  }

  async removeImage(service: string, release: number): Promise<void> {
    const name = this.#names.image(service, release);
    const image = await unlessStatus([404], this.#client.run(inspectImage(name)));
    if (image?.Config?.Labels[Label.instance] !== this.#instance) return;
    await unlessStatus([404], this.#client.run(removeImage(name)));
  }

  /** BuildKit cannot ask a registry without a session, so what is missing is pulled before (docker-traefik.md 2.1). */
  async #pullMissing(request: BuildRequest, onLine: (line: BuildLine) => void, signal: AbortSignal): Promise<void> {
    for (const image of request.baseImages) {
      if (image === "scratch" || await hasImage(this.#client, image)) continue;
      onLine({ step: `pull ${image}`, text: "" });
      try {
        await finish(this.#client, pullImage(image), signal);
      } catch (error) {
        if (!(error instanceof EngineError) || error.status === 0) throw error;
        const sentence =
          `Cannot build "${request.service}": its base image "${image}" cannot be pulled: ${error.reason}`;
        const hint = "Check the name of the image, and that this server reaches its registry";
        throw new BuildError(sentence, { cause: error, hint });
      }
    }
  }

  async #run(
    request: BuildRequest,
    { context, onLine, signal }: {
      readonly context: ReadableStream<Uint8Array>;
      readonly onLine: (line: BuildLine) => void;
      readonly signal: AbortSignal;
    },
  ): Promise<BuiltImage> {
    const { service, release, dockerfile } = request;
    const image = this.#names.image(service, release);
    const labels = {
      [Label.instance]: this.#instance,
      [Label.service]: service,
      [Label.release]: String(release),
    };
    const buildargs = {
      ...Object.fromEntries(request.buildArgs.map(({ name, value }) => [name, value])),
      BUILDKIT_CACHE_MOUNT_NS: service,
    };
    const trace = new BuildTrace();
    let failure: string | undefined;
    const call = buildImage({ image, dockerfile, labels, buildargs }, context);
    for await (const progress of this.#client.stream(call, signal)) {
      failure ??= progressError(progress);
      if (progress.id === "moby.buildkit.trace" && typeof progress.aux === "string") {
        trace.read(progress.aux).forEach(onLine);
      }
    }
    if (failure !== undefined) throw buildError(request, trace.failure(), { reason: failure });
    const built = await this.#client.run(inspectImage(image));
    const reserved = Object.keys(built.Config?.Labels ?? {}).find((name) =>
      /^(traefik|mypaas)\./.test(name) && !(name in labels)
    );
    if (reserved !== undefined) {
      await this.#client.run(removeImage(image));
      throw new BuildError(
        `Cannot build "${service}": its Dockerfile or a base image sets the label "${reserved}", and labels that begin with "traefik." or "mypaas." are made by MyPaas`,
        { hint: "Remove the LABEL; routes come from # mypaas.domain" },
      );
    }
    return { image, imageId: built.Id };
  }
}

/** One sentence with the instruction that failed, and what it wrote as details. */
function buildError(
  { service }: BuildRequest,
  step: BuildFailure | undefined,
  cause: { readonly reason: string } | EngineError,
): BuildError {
  const text = step?.error ?? cause.reason;
  const code = /exit code: (\d+)$/.exec(text)?.[1];
  const reason = code === undefined ? engineReason(text) : `exit code ${code}`;
  const name = step?.step ?? "";
  const instruction = name.length > MAX_STEP_LENGTH ? `${name.slice(0, MAX_STEP_LENGTH)}...` : name;
  return new BuildError(`Cannot build "${service}": ${instruction === "" ? "" : `${instruction}: `}${reason}`, {
    details: step?.output,
    ...(cause instanceof EngineError ? { cause } : {}),
  });
}

/** A stream whose own failure can be told from a failure of whoever reads it. */
class WatchedStream {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  failed = false;
  failure: unknown;

  constructor(source: ReadableStream<Uint8Array>) {
    const reader = this.#reader = source.getReader();
    this.stream = new ReadableStream({
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          this.failed = true;
          this.failure = error;
          controller.error(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }

  /** Tells the source that nobody reads on; no effect after its end. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
