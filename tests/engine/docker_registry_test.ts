import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import type { BuildLine, BuiltImage } from "../../src/deploy/runtime.ts";
import { EngineBuilder } from "../../src/docker/engine_builder.ts";
import { checkCredential } from "../../src/docker/registry_auth.ts";
import { BuildError, MyPaasError } from "../../src/error.ts";
import type { RegistryCredential } from "../../src/service/registry.ts";
import { docker, EngineBench, tarOf } from "./bench.ts";
import { type Challenge, PASSWORD, TestRegistry } from "./test_registry.ts";

/** A server that knows a credential, or none, builds on an image. */
class Buyer {
  readonly bench = new EngineBench();
  readonly lines: BuildLine[] = [];
  readonly builder: EngineBuilder;
  #release = 0;

  constructor(credential: RegistryCredential | undefined) {
    const credentials = (host: string) => credential?.host === host ? credential : undefined;
    this.builder = new EngineBuilder({ ...this.bench, credentials });
  }

  async build(image: string, { followed, more = "" }: { followed?: string; more?: string } = {}): Promise<BuiltImage> {
    const context = await tarOf({ Dockerfile: `FROM ${image}\n${more}` });
    const release = ++this.#release;
    return await this.builder.build(
      { service: "blog", release, dockerfile: "Dockerfile", baseImages: [image], followed, buildArgs: [], context },
      (line) => this.lines.push(line),
      new AbortController().signal,
    );
  }

  warnings(): readonly string[] {
    return this.lines.map(({ text }) => text).filter((text) => text.startsWith("warning"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bench[Symbol.asyncDispose]();
  }
}

/** Everything an error says, to whoever reads it. */
function textOf(error: MyPaasError): string {
  return [error.message, error.hint, ...error.details, String(error.cause)].join("\n");
}

async function refusalOf(credential: RegistryCredential | undefined, image: string): Promise<BuildError> {
  await using buyer = new Buyer(credential);
  const error = await assertRejects(() => buyer.build(image), BuildError);
  assert(!textOf(error).includes(PASSWORD) && !textOf(error).includes("wrong-password"), textOf(error));
  return error;
}

for (const challenge of ["Basic", "Bearer"] satisfies Challenge[]) {
  Deno.test(`an image of a private registry (${challenge}) is pulled with the credential, and with nothing else`, async () => {
    await using registry = await TestRegistry.start(challenge);
    const image = await registry.publish("busybox", "team/base:1");
    const sentence = `Cannot build "blog": its base image "${image}" cannot be pulled: `;

    const without = await refusalOf(undefined, image);
    assert(without.message.startsWith(sentence), without.message);
    assertStringIncludes(without.hint ?? "", `mypaas registry login ${registry.host} --username NAME`);

    const wrong = await refusalOf(registry.credential("wrong-password"), image);
    assert(wrong.message.startsWith(sentence), wrong.message);
    assertStringIncludes(wrong.hint ?? "", `logged in to ${registry.host} as "ann"`);

    await using buyer = new Buyer(registry.credential());
    const built = await buyer.build(image, { more: "RUN true\n" });
    const history = await docker("history", "--no-trunc", built.image) + await docker("inspect", built.image);
    assert(!history.includes(PASSWORD));
    assertEquals(buyer.lines.filter(({ step }) => step === `pull ${image}`).length, 1);
  });

  Deno.test(`a login to a registry (${challenge}) is checked at once`, async () => {
    await using registry = await TestRegistry.start(challenge);
    await using bench = new EngineBench();
    await checkCredential(bench.client, registry.credential());
    const wrong = () => checkCredential(bench.client, registry.credential("wrong-password"));
    const error = await assertRejects(wrong, MyPaasError);
    assertEquals(error.message, `Cannot log in to "${registry.host}": it refuses the user "ann" with this password`);
    assert(!textOf(error).includes("wrong-password"));

    await registry.stop();
    const away = await assertRejects(() => checkCredential(bench.client, registry.credential()), MyPaasError);
    assertMatch(away.message, new RegExp(`^Cannot log in to "${registry.host}": .*connection refused$`));
  });
}

Deno.test("a release that follows a tag is current until the tag leads elsewhere", async () => {
  await using registry = await TestRegistry.start("Basic");
  await using buyer = new Buyer(registry.credential());
  const other = await buyer.bench.build("other", "FROM busybox\nENV OTHER=1\n");
  const followed = await registry.publish("busybox", "team/site:1");
  const isCurrent = (release: number) => buyer.builder.isCurrent({ service: "blog", release, followed });
  await buyer.build(followed, { followed });
  assertEquals(await isCurrent(1), { current: true });

  await registry.publish(other.image, "team/site:1");
  assertEquals(await isCurrent(1), { current: false });
  const second = await buyer.build(followed, { followed });
  assertStringIncludes(await docker("inspect", second.image), "OTHER=1");
  assertEquals([await isCurrent(1), await isCurrent(2)], [{ current: false }, { current: true }]);
  assertEquals(buyer.warnings(), []);

  await registry.stop();
  const { current, warning } = await isCurrent(2);
  assertEquals(current, true);
  assertMatch(
    warning ?? "",
    new RegExp(`^"${followed}" cannot be pulled again, the one on this server counts: .*refused$`),
  );
  await buyer.build(followed, { followed });
  assertEquals(buyer.warnings(), [`warning: ${warning}`]);
  await docker("rmi", followed);
  const error = await assertRejects(() => buyer.build(followed, { followed }), BuildError);
  assertStringIncludes(error.message, `"${followed}" cannot be pulled: `);
});
