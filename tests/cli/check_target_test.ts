import { assertEquals, assertRejects } from "@std/assert";
import { checkTarget } from "../../src/cli/check_target.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { UsageError } from "../../src/error.ts";
import { diskTree } from "../../src/host/tree.ts";
import { parseService } from "../../src/service/parse_service.ts";

/** A project and a laptop's folder, without a terminal. */
async function setUp(dockerfile = "# mypaas.servicename = shop\nFROM busybox\n") {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-target-" });
  await Deno.writeTextFile(`${folder}/Dockerfile`, dockerfile);
  const context: CliContext = {
    root: "/",
    json: false,
    terminal: {
      isTerminal: { stdin: false, stdout: false, stderr: false },
      color: false,
      width: () => undefined,
      height: () => undefined,
      out: () => {},
      err: () => {},
      draw: () => {},
    },
    cwd: folder,
    version: "0",
    env: (name) => name === "MYPAAS_CONFIG" ? `${folder}/config` : undefined,
  };
  const push = async (server: string, { also = false, id = server, env = context.env } = {}) => {
    const connection = { server: id, name: `https://${server.split("#")[0]}.example` };
    const parts = { tree: diskTree(folder), dockerfile: "Dockerfile", parseService, connection };
    const request = { server, also, folder, parts, signal: new AbortController().signal };
    await (await checkTarget(request, { ...context, env }))?.();
  };
  return { push, folder, [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
}

Deno.test("a project goes to its server again and again, under whatever name and id", async () => {
  await using test = await setUp();
  await test.push("prod");
  await test.push("prod");
  await test.push("production", { id: "prod" });
  // Set up anew at its address.
  await test.push("production", { id: "new" });
});

Deno.test("a project goes to another server only with --also, and then to both", async () => {
  await using test = await setUp();
  await test.push("prod");
  const error = await assertRejects(() => test.push("staging"), UsageError);
  assertEquals(
    [error.message, error.hint],
    [
      'Cannot push "shop" to "staging": it was pushed to prod (https://prod.example) before',
      "To push it there as well, give --also.",
    ],
  );
  await test.push("staging", { also: true });
  await test.push("staging");
  await test.push("prod");
  const third = await assertRejects(() => test.push("third"), UsageError);
  assertEquals(
    third.message,
    'Cannot push "shop" to "third": it was pushed to prod (https://prod.example) and staging (https://staging.example) before',
  );
});

Deno.test("another service of the same folder has servers of its own", async () => {
  await using test = await setUp();
  await test.push("prod");
  await Deno.writeTextFile(`${test.folder}/Dockerfile`, "# mypaas.servicename = blog\nFROM busybox\n");
  await test.push("staging");
});

Deno.test("the line of a server is never in a message or a file: it stands for its address", async () => {
  await using test = await setUp();
  await test.push("https://one#abc.def", { id: "one" });
  const error = await assertRejects(() => test.push("https://two#abc.def", { id: "two" }), UsageError);
  assertEquals([error.message.includes("abc"), error.message.includes('"https://two"')], [false, true]);
  assertEquals((await Deno.readTextFile(`${test.folder}/config/pushed.json`)).includes("abc"), false);
});

Deno.test("a machine without a home asks nothing", async () => {
  await using test = await setUp();
  await test.push("prod", { env: () => undefined });
  await test.push("staging", { env: () => undefined });
});
