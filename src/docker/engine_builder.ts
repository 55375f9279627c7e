import type { Builder, BuildLine, BuildRequest, BuiltImage } from "../deploy/runtime.ts";
import { BuildError, MyPaasError } from "../error.ts";
import type { BuilderKind } from "../service/builder_syntax.ts";
import { Label, type ObjectNames } from "../service/names.ts";
import { type RegistryCredential, registryOf } from "../service/registry.ts";
import { checkBase } from "./base_fence.ts";
import { hasMoved, pullAgain, pullMissing, type PullParts } from "./base_images.ts";
import { buildError } from "./build_failure.ts";
import { BuildTrace } from "./build_trace.ts";
import { ClassicTrace } from "./classic_trace.ts";
import type { DockerClient } from "./client.ts";
import { EngineError, unlessStatus } from "./engine_error.ts";
import { buildImage, inspectImage, progressError, removeImage, tagImage } from "./image_requests.ts";
import { hasImage } from "./pull.ts";
import { type Credentials, registryConfig } from "./registry_auth.ts";
import { WatchedStream } from "./watched_stream.ts";

export interface EngineBuilderOptions {
  readonly client: DockerClient;
  readonly names: ObjectNames;
  /** The server id: the label by which our images are known. */
  readonly instance: string;
  /** Which builder of the Engine; BuildKit unless said otherwise. */
  readonly kind?: BuilderKind;
  /** Control group below which builds run, as far as the builder heeds it. */
  readonly cgroup?: string | undefined;
  /** None without it. */
  readonly credentials?: Credentials;
}

/** Builds images with the machine's Docker Engine. */
export class EngineBuilder implements Builder {
  readonly #client: DockerClient;
  readonly #names: ObjectNames;
  readonly #instance: string;
  readonly #kind: BuilderKind;
  readonly #cgroup: string | undefined;
  readonly #pulls: PullParts;

  constructor(
    { client, names, instance, cgroup, kind = "buildkit", credentials = () => undefined }: EngineBuilderOptions,
  ) {
    this.#client = client;
    this.#names = names;
    this.#instance = instance;
    this.#kind = kind;
    this.#cgroup = cgroup;
    this.#pulls = { client, credentials };
  }

  async build(request: BuildRequest, onLine: (line: BuildLine) => void, signal: AbortSignal): Promise<BuiltImage> {
    const context = new WatchedStream(request.context);
    try {
      const baseId = await this.#pull(request, onLine, signal);
      return await this.#run(request, { context: context.stream, baseId, onLine, signal });
    } catch (error) {
      if (context.failed) throw context.failure;
      if (error instanceof EngineError && error.status !== 0) {
        throw buildError(request, undefined, error);
      }
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
    // In use by a container of `mypaas run`, or one that the owner started: a later deploy tries again.
    await unlessStatus([404, 409], this.#client.run(removeImage(name)));
  }

  async isCurrent(
    { service, release, followed }: {
      readonly service: string;
      readonly release: number;
      readonly followed: string;
    },
  ): Promise<{ readonly current: boolean; readonly warning?: string }> {
    const image = this.#names.image(service, release);
    const built = await unlessStatus([404], this.#client.run(inspectImage(image)));
    const base = await unlessStatus([404], this.#client.run(inspectImage(followed)));
    if (base === undefined || built?.Config?.Labels[Label.base] !== base.Id) return { current: false };
    const moved = await hasMoved(this.#pulls, followed, base);
    return typeof moved === "string" ? { current: true, warning: moved } : { current: !moved };
  }

  /**
   * BuildKit cannot ask a registry without a session, so what is missing is pulled before.
   *
   * @returns the id of the image that is followed, if any
   */
  async #pull(
    { service, baseImages, followed }: BuildRequest,
    onLine: (line: BuildLine) => void,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const order = { service, onLine, signal };
    for (const image of baseImages) {
      if (image !== followed) await pullMissing(this.#pulls, image, order);
    }
    const baseId = followed === undefined ? undefined : await pullAgain(this.#pulls, followed, order);
    for (const image of baseImages) {
      if (image !== "scratch") checkBase(image, await this.#client.run(inspectImage(image)));
    }
    return baseId;
  }

  async #run(
    request: BuildRequest,
    { context, baseId, onLine, signal }: {
      readonly context: ReadableStream<Uint8Array>;
      readonly baseId: string | undefined;
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
      ...baseId !== undefined && { [Label.base]: baseId },
    };
    const classic = this.#kind === "classic";
    const buildargs = {
      ...Object.fromEntries(request.buildArgs.map(({ name, value }) => [name, value])),
      ...!classic && { BUILDKIT_CACHE_MOUNT_NS: service },
    };
    const trace = classic ? new ClassicTrace(Object.keys(labels).length) : new BuildTrace();
    let failure: string | undefined;
    const headers = classic ? registryConfig(this.#credentialsFor(request)) : {};
    const cgroup = this.#cgroup;
    const call = buildImage({ builder: this.#kind, image, dockerfile, labels, buildargs, cgroup, headers }, context);
    for await (const progress of this.#client.stream(call, signal)) {
      failure ??= progressError(progress);
      trace.read(progress).forEach(onLine);
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

  /** For what the classic builder pulls by itself: images that base images name with ONBUILD. */
  #credentialsFor({ baseImages }: BuildRequest): readonly RegistryCredential[] {
    const hosts = new Set(baseImages.map(registryOf));
    return [...hosts].map(this.#pulls.credentials).filter((credential) => credential !== undefined);
  }
}
