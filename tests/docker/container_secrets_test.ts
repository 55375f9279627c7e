import { assertEquals } from "@std/assert";
import { uidOf } from "../../src/docker/container_secrets.ts";

Deno.test("the number of a user comes from the image's list, and from nothing that only looks like it", () => {
  const passwd = "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\nodd:x:x1:1::/:\n";
  assertEquals(["app", "ap", "odd", "root"].map((user) => uidOf(user, passwd)), [1000, undefined, undefined, 0]);
  assertEquals(uidOf("app", ""), undefined);
});
