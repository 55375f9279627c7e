import type { BlobSource } from "../archive/blobs.ts";
import { contextTar } from "../archive/context_tar.ts";
import type { Builder, BuiltImage } from "../deploy/runtime.ts";
import type { Release } from "../deploy/store.ts";
import type { BuilderKind } from "../service/builder_syntax.ts";
import type { ParsedService } from "../service/parse_service.ts";
import type { Chunk } from "../wire/manifest.ts";
import type { DeployRequest } from "../wire/requests.ts";
import { followedImage } from "./accept.ts";
import { type BuildSpace, whileDiskLasts } from "./build_disk.ts";
import { withinLimits } from "./build_limits.ts";
import type { DeployLog } from "./deploy_log.ts";
import { Queue } from "./queue.ts";

const DEFAULT_TIMEOUT_MS = 60 * 60 * 1000;

/** Builds images for releases, a few at a time: a small machine is not to be filled with compilers. */
export class Builds {
  readonly #builder: Pick<Builder, "build">;
  readonly #kind: BuilderKind;
  readonly #queue: Queue;
  readonly #space: BuildSpace;
  readonly #timeoutMs: number;

  constructor({ builder, kind, atATime, space, timeoutMs = DEFAULT_TIMEOUT_MS }: {
    readonly builder: Pick<Builder, "build">;
    readonly kind: BuilderKind;
    /** How many builds go on side by side. */
    readonly atATime: number;
    readonly space: BuildSpace;
    readonly timeoutMs?: number | undefined;
  }) {
    this.#builder = builder;
    this.#kind = kind;
    this.#queue = new Queue(atATime);
    this.#space = space;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Builds when it is its turn; the log says what it waits for, and what the build writes.
   *
   * @param signal ends the wait as well as the build
   */
  async build(
    { service, number, spec }: Release,
    { request, source, service: parsed, log, signal }: {
      readonly request: DeployRequest;
      readonly source: BlobSource;
      readonly service: ParsedService;
      readonly log: DeployLog;
      readonly signal: AbortSignal;
    },
  ): Promise<BuiltImage> {
    const behind = this.#queue.behind("build");
    if (behind !== undefined) log.add({ kind: "queued", behind: `the build of ${behind}` });
    const cannot = `Cannot build "${service}"`;
    const read = whileDiskLasts((chunk: Chunk) => source.read(service, chunk), this.#space, cannot);
    const build = (limited: AbortSignal) =>
      this.#builder.build(
        {
          service,
          release: number,
          dockerfile: request.dockerfile,
          baseImages: parsed.baseImages,
          followed: followedImage(parsed),
          buildArgs: spec.buildArgs,
          context: contextTar(request.manifest, read, this.#kind),
        },
        (line) => log.add({ kind: "log", step: line.step, text: line.text }),
        limited,
      );
    const limits = { space: this.#space, timeoutMs: this.#timeoutMs, cannot, signal };
    return await this.#queue.run("build", `${service}.${number}`, () => withinLimits(build, limits), signal);
  }
}
