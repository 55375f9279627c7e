import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { owned, removeOwned } from "../engine.ts";
import { labFolder, type Owner } from "../lab_folder.ts";
import { CHECKOUT } from "../project.ts";

let folder = "";
let serverId = "";

Deno.test.beforeAll(async () => {
  folder = await labFolder();
  const owner: Owner = { pid: Deno.pid, daemonPid: 0 };
  await Deno.writeTextFile(`${folder}/owner.json`, JSON.stringify(owner));
  await Deno.mkdir(`${folder}/home`);
});

Deno.test.afterAll(async () => {
  if (serverId !== "") await removeOwned(serverId);
  if (folder !== "") await Deno.remove(folder, { recursive: true });
});

/** Types a line of README in this checkout, with an empty home. @returns what is shown */
async function type(line: string): Promise<string> {
  // Beside the one that the owner of this checkout may have.
  const typed = line.replace("scripts/quickstart", `scripts/quickstart --root ${folder}/r`);
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-e", "-c", typed],
    cwd: CHECKOUT,
    env: { HOME: `${folder}/home` },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals(code, 0, `${line}\n${err}\n${out}`);
  return `${out}${err}`;
}

async function names(path: string): Promise<readonly string[]> {
  return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
}

Deno.test("README's quickstart shows a page that was pushed twice, and again when it is run again", async () => {
  for (const _ of ["first", "again"]) {
    const shown = await type("scripts/quickstart");
    assertMatch(shown, /Hello from MyPaas, pushed [^]*Hello again from MyPaas, pushed /);
    assertMatch(shown, /take it all away with: scripts\/quickstart --root \S+ --remove\n/);
    const settings = await Deno.readTextFile(`${folder}/r/etc/mypaas/server.yml`);
    const [, id = ""] = /^serverId: *"?([0-9a-f]{32})/m.exec(settings) ?? [];
    if (serverId !== "") assertEquals(id, serverId, "it is the same server");
    serverId = id;
  }
  const { containers } = await owned(serverId);
  assert(containers.some((name) => /-hello\.\d+\.1$/.test(name)), `${containers}`);
});

Deno.test("README's quickstart --remove leaves nothing", async () => {
  await type("scripts/quickstart --remove");
  assertEquals(await owned(serverId), { containers: [], networks: [], images: [], volumes: [] });
  assertEquals([await names(folder), await names(`${folder}/home`)], [["home", "owner.json"], []]);
});

Deno.test("README's deno task lists what else there is", async () => {
  assertStringIncludes(await type("source scripts/toolchain.sh; deno task"), "test:e2e");
});
