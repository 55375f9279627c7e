import { UsageError } from "../error.ts";
import { readDockerfile } from "../service/dockerfile.ts";
import { baseImages } from "../service/dockerfile_images.ts";
import { checkImages } from "../service/image_fence.ts";
import { isServiceImage } from "../service/names.ts";
import type { EngineImage } from "./image_requests.ts";

/**
 * Keeps a build off what only the machine knows of a base image: that its name is the id of an image, which may be another
 * service's (the classic builder takes the beginning of one), and that its `ONBUILD` instructions copy out of one.
 *
 * @param image as the Dockerfile names it
 * @throws {UsageError}
 */
export function checkBase(image: string, { Id, Config }: EngineImage): void {
  if (`${Id}\n`.startsWith(`sha256:${image.replace(/^sha256:/, "")}`)) {
    throw new UsageError(`Cannot use the image "${image}": that is the id of one, and an id may be anybody's`, {
      hint: "Write its name",
    });
  }
  const triggers = Config?.OnBuild ?? [];
  if (triggers.length === 0) return;
  const text = ["FROM scratch", ...triggers].join("\n");
  checkImages(baseImages(readDockerfile(text, `the ONBUILD instructions of "${image}"`)), isServiceImage);
}
