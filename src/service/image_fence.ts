import { UsageError } from "../error.ts";

/**
 * An image as `docker images` shows it: `docker.io/library/alpine@sha256:...` and `alpine` are both `alpine:latest`. The
 * digest is left out, because the name alone says whose image it is.
 */
export function shortImageName(image: string): string {
  const name = image.replace(/@.*$/, "").replace(/^(index\.)?docker\.io\//, "").replace(/^library\//, "");
  return /:[^/]*$/.test(name) ? name : `${name}:latest`;
}

/**
 * Keeps a Dockerfile from building on, or copying out of, the image of a service, which may hold its secrets.
 *
 * @param isServiceImage gets names as `shortImageName` gives them
 * @throws {UsageError}
 */
export function checkImages(
  images: readonly string[],
  isServiceImage: (image: string) => boolean,
): void {
  const refused = images.find((image) => isServiceImage(shortImageName(image)));
  if (refused === undefined) return;
  throw new UsageError(`Cannot use the image "${refused}": it belongs to a service`, {
    hint: "Build on an image from a registry, or put what is shared into this folder",
  });
}
