import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { parseRegistryHost, registryOf } from "../../src/service/registry.ts";

Deno.test("registryOf() finds the registry of an image as Docker does", () => {
  const cases = {
    "busybox": "docker.io",
    "busybox:1.36": "docker.io",
    "team/app": "docker.io",
    "docker.io/library/busybox": "docker.io",
    "index.docker.io/team/app": "docker.io",
    "images.example.org/team/app:1": "images.example.org",
    "127.0.0.1:5000/app@sha256:00": "127.0.0.1:5000",
    "localhost/app": "localhost",
    "registry:5000/a/b": "registry:5000",
  };
  assertEquals(Object.fromEntries(Object.keys(cases).map((image) => [image, registryOf(image)])), cases);
});

Deno.test("parseRegistryHost() takes what stands before the first slash of an image, and every name of Docker Hub", () => {
  const taken = {
    "images.example.org": "images.example.org",
    "IMAGES.example.org": "images.example.org",
    "localhost": "localhost",
    "127.0.0.1:5000": "127.0.0.1:5000",
  };
  for (const [text, host] of Object.entries(taken)) assertEquals(parseRegistryHost(text), host);
  for (const text of ["docker.io", "index.docker.io", "hub.docker.com"]) {
    assertEquals(parseRegistryHost(text), "docker.io");
  }
  for (
    const text of [
      "",
      "https://images.example.org",
      "images.example.org/team",
      "team",
      "a b.c",
      "-a.b",
      "a.b:port",
      "user@a.b",
    ]
  ) {
    assertThrows(() => parseRegistryHost(text), UsageError, "it is not the host of a registry");
  }
});
