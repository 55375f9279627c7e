import type { Builder, BuildLine, BuildRequest, BuiltImage } from "../../src/deploy/runtime.ts";
import { MyPaasError } from "../../src/error.ts";

/** Builds images in memory: the twin of the Docker builder for tests of what is built when. */
export class MemoryBuilder implements Builder {
  /** Every build that began, such as `blog:1`. */
  readonly builds: string[] = [];
  /** The image whose tag each build followed. */
  readonly followed: (string | undefined)[] = [];
  /** What is there: the name of an image and its id. */
  readonly images = new Map<string, string>();
  /** What `isCurrent` says. */
  compared: Awaited<ReturnType<Builder["isCurrent"]>> = { current: true };
  readonly #onBuild: (image: string, onLine: (line: BuildLine) => void) => Promise<void> | void;

  /** @param onBuild what a build does; what it throws is how it fails */
  constructor(onBuild: (image: string, onLine: (line: BuildLine) => void) => Promise<void> | void = () => {}) {
    this.#onBuild = onBuild;
  }

  async build(
    { service, release, followed, context }: BuildRequest,
    onLine: (line: BuildLine) => void,
    signal: AbortSignal,
  ): Promise<BuiltImage> {
    const image = `${service}:${release}`;
    this.builds.push(image);
    this.followed.push(followed);
    for await (const _ of context) { /* read to its end, as the engine does */ }
    const aborted = Promise.withResolvers<never>();
    signal.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
    aborted.promise.catch(() => {});
    await Promise.race([this.#onBuild(image, onLine), aborted.promise]);
    const imageId = `sha256:${image}`;
    this.images.set(image, imageId);
    return { image, imageId };
  }

  reuse(
    service: string,
    { of, release }: { readonly of: number; readonly release: number },
  ): Promise<BuiltImage> {
    const imageId = this.images.get(`${service}:${of}`);
    if (imageId === undefined) return Promise.reject(new MyPaasError(`Cannot use ${service}:${of}: it is gone`));
    const image = `${service}:${release}`;
    this.images.set(image, imageId);
    return Promise.resolve({ image, imageId });
  }

  hasImage(service: string, release: number): Promise<boolean> {
    return Promise.resolve(this.images.has(`${service}:${release}`));
  }

  isCurrent(): ReturnType<Builder["isCurrent"]> {
    return Promise.resolve(this.compared);
  }

  removeImage(service: string, release: number): Promise<void> {
    this.images.delete(`${service}:${release}`);
    return Promise.resolve();
  }
}
