import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { checkImages, shortImageName } from "../../src/service/image_fence.ts";

Deno.test("shortImageName() gives one name to all spellings of an image", () => {
  const digest = `@sha256:${"0".repeat(64)}`;
  for (
    const image of ["blog:7", "docker.io/library/blog:7", "index.docker.io/blog:7", "library/blog:7", `blog:7${digest}`]
  ) {
    assertEquals(shortImageName(image), "blog:7");
  }
  assertEquals(shortImageName("alpine"), "alpine:latest");
  assertEquals(shortImageName("localhost:5000/a/b"), "localhost:5000/a/b:latest");
});

Deno.test("checkImages() refuses the image of a service, however it is spelled", () => {
  const isServiceImage = (image: string) => image === "shop:3";
  checkImages(["alpine", "shop", "example.org/shop:3"], isServiceImage);
  const error = assertThrows(() => checkImages(["alpine", "docker.io/library/shop:3"], isServiceImage), UsageError);
  assertEquals(error.message, 'Cannot use the image "docker.io/library/shop:3": it belongs to a service');
});
