import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DockerClient } from "../../src/docker/client.ts";
import { EngineBuilder } from "../../src/docker/engine_builder.ts";
import { EngineError } from "../../src/docker/engine_error.ts";
import { buildImage, pullImage, remoteDigest } from "../../src/docker/image_requests.ts";
import { checkAuth, registryAuth, registryConfig } from "../../src/docker/registry_auth.ts";
import { BuildError } from "../../src/error.ts";
import { objectNames } from "../../src/service/names.ts";
import { FakeEngine } from "../fakes/fake_engine.ts";

const HUB = { host: "docker.io", username: "ann", password: "pä>>?ss" };
const OWN = { host: "registry.example:5000", username: "bob", password: "secret" };

/** What a header says; base64url with its padding, as the Engine reads it. */
function decoded(headers: Readonly<Record<string, string>>, name: string): unknown {
  const text = headers[name] ?? "";
  assertEquals(text.length % 4, 0);
  return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(text, { alphabet: "base64url" })));
}

Deno.test("registryAuth() writes a credential as the Engine reads it, Docker Hub under its old address", () => {
  assertEquals(registryAuth(undefined), {});
  const own = { username: "bob", password: "secret", serveraddress: "registry.example:5000" };
  assertEquals(decoded(registryAuth(OWN), "X-Registry-Auth"), own);
  const hub = { username: "ann", password: "pä>>?ss", serveraddress: "https://index.docker.io/v1/" };
  assertEquals(decoded(registryAuth(HUB), "X-Registry-Auth"), hub);
  assertEquals(registryConfig([]), {});
  assertEquals(decoded(registryConfig([HUB, OWN]), "X-Registry-Config"), {
    "https://index.docker.io/v1/": hub,
    "registry.example:5000": own,
  });
  assertEquals([checkAuth(OWN).path, checkAuth(OWN).body], ["/auth", own]);
});

Deno.test("a credential stands in the headers of a request, never in its path", () => {
  const headers = registryAuth(OWN);
  const pull = pullImage("registry.example:5000/team/app:1", headers);
  assertEquals([pull.path, pull.headers], [
    "/images/create?fromImage=registry.example%3A5000%2Fteam%2Fapp&tag=1",
    headers,
  ]);
  const ask = remoteDigest("registry.example:5000/team/app:1", headers);
  assertEquals([ask.path, ask.headers], ["/distribution/registry.example%3A5000%2Fteam%2Fapp%3A1/json", headers]);
});

Deno.test("buildImage() asks for the builder that is wanted, with the same name, labels and arguments", () => {
  const query = (builder: "buildkit" | "classic") => {
    const options = {
      builder,
      image: "mypaas/blog:1",
      dockerfile: "Dockerfile",
      labels: { a: "b" },
      buildargs: { V: "1" },
    };
    return Object.fromEntries(new URLSearchParams(buildImage(options, new ReadableStream()).path.split("?")[1]));
  };
  const same = {
    t: "mypaas/blog:1",
    dockerfile: "Dockerfile",
    labels: '{"a":"b"}',
    buildargs: '{"V":"1"}',
    networkmode: "default",
  };
  assertEquals(query("buildkit"), { version: "2", ...same });
  assertEquals(query("classic"), { version: "1", rm: "1", forcerm: "1", ...same });
});

Deno.test("DockerClient sends a credential, and tells nothing of it when the Engine refuses or goes away", async () => {
  const seen: (string | null)[] = [];
  await using engine = new FakeEngine({
    answer: (_call, request) => {
      seen.push(request.headers.get("X-Registry-Auth"));
      return undefined;
    },
  });
  using client = new DockerClient(engine.socket);
  const headers = registryAuth(OWN);
  const pull = () => Array.fromAsync(client.stream(pullImage("a/b:1", headers), new AbortController().signal));
  const refused = await assertRejects(pull, EngineError);
  assertEquals(seen, [headers["X-Registry-Auth"] ?? ""]);
  await engine.stop();
  const gone = await assertRejects(pull, EngineError);
  for (const error of [refused, gone]) {
    const text = Deno.inspect(error, { depth: 10 });
    for (const secret of [OWN.password, headers["X-Registry-Auth"] ?? ""]) assertEquals(text.includes(secret), false);
  }
});

for (
  const message of [
    "buildkit is not enabled on daemon",
    "buildkit not supported by daemon",
    "buildkit is only supported with experimental mode",
    "invalid version: 2",
  ]
) {
  Deno.test(`EngineBuilder says how to do without BuildKit when the Engine says: ${message}`, async () => {
    await using engine = new FakeEngine({ answer: () => Response.json({ message }, { status: 400 }) });
    using client = new DockerClient(engine.socket);
    const builder = new EngineBuilder({ client, names: objectNames(""), instance: "00ff" });
    const error = await assertRejects(
      () =>
        builder.build(
          { service: "blog", release: 1, dockerfile: "Dockerfile", baseImages: [], buildArgs: [], context: emptyTar() },
          () => {},
          new AbortController().signal,
        ),
      BuildError,
      `Cannot build "blog": ${message}`,
    );
    assertStringIncludes(error.hint ?? "", "mypaas init --builder classic");
  });
}

function emptyTar(): ReadableStream<Uint8Array> {
  return ReadableStream.from([new Uint8Array(1024)]);
}
