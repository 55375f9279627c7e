import { assert, assertEquals, assertRejects } from "@std/assert";
import { MyPaasError, NotReadyError, UsageError } from "../../src/error.ts";
import { BINARY, UpgradeScene } from "./upgrade_scene.ts";

/** What serves, and which programs lie there. */
function server({ daemon, receiver, schema, files }: UpgradeScene) {
  return { daemon, receiver, schema, files: Object.fromEntries(files) };
}

function serving(version: string, schema = Number(version[0])) {
  return { daemon: version, receiver: version, schema, files: { [BINARY]: version } };
}

Deno.test("upgrade downloads, asks the new program, pauses deploys, and only then replaces", async () => {
  const scene = new UpgradeScene();
  assertEquals(await scene.upgrade(), { from: "1.0.0", to: "1.1.0", changed: true });
  assertEquals(scene.steps, [
    "download",
    "pause",
    `link ${BINARY}.old`,
    `rename ${BINARY}.upgrade`,
    "init of 1.1.0",
    `remove ${BINARY}.old`,
  ]);
  assertEquals(server(scene), serving("1.1.0", 1));
  assertEquals(await scene.upgrade(), { from: "1.1.0", to: "1.1.0", changed: false });
});

Deno.test("upgrade --check changes nothing; what is older is only taken when it is named", async () => {
  const scene = new UpgradeScene();
  assertEquals(await scene.upgrade({ check: true }), { from: "1.0.0", to: "1.1.0", changed: false });
  scene.published.set("https://get.example/VERSION", "0.9.0\n");
  assertEquals(await scene.upgrade(), { from: "1.0.0", to: "1.0.0", changed: false });
  assertEquals(scene.said, [
    "https://get.example has 0.9.0, which is older; to go back to it: mypaas upgrade --to 0.9.0",
  ]);
  assertEquals(scene.steps, []);
});

Deno.test("upgrade refuses before anything changes: a program of another version, one that does not run or know the state", async () => {
  const refused = async (request: Parameters<UpgradeScene["upgrade"]>[0], told: string, words: string) => {
    const scene = new UpgradeScene();
    scene.publish("1.5.0", told);
    await assertRejects(() => scene.upgrade(request), MyPaasError, words);
    assertEquals(server(scene), serving("1.0.0"));
  };
  await refused({ to: "1.5.0" }, "1.4.0", "Cannot upgrade to 1.5.0: the program says that it is 1.4.0");
  await refused({ to: "1.5.0" }, "", "Cannot upgrade to 1.5.0: the program does not run here");
  await refused(
    { to: "0.9.0" },
    "",
    "Cannot change to 0.9.0: Cannot use the state: a newer version of MyPaas wrote it",
  );
  await refused({ to: "../etc" }, "", 'Cannot upgrade to "../etc": it is no version');
  await refused({ from: "http://get.example" }, "", "only https is spoken");
  const scene = new UpgradeScene();
  scene.remembered = [];
  await assertRejects(() => scene.upgrade(), UsageError, "nothing tells where this program was installed from");
});

Deno.test("upgrade --from remembers the place, but not a program on this machine", async () => {
  const scene = new UpgradeScene();
  scene.remembered = [];
  scene.files.set("/tmp/program", "1.0.5");
  assertEquals((await scene.upgrade({ from: "/tmp/program" })).to, "1.0.5");
  assertEquals(scene.remembered, []);
  assertEquals((await scene.upgrade({ from: "https://get.example/" })).to, "1.1.0");
  assertEquals(scene.remembered, ["https://get.example"]);
});

Deno.test("a daemon that does not come up: program and state from before are put back, in the order that a power cut forgives", async () => {
  const scene = new UpgradeScene();
  const error = await assertRejects(() => scene.upgrade({ to: "2.0.0-broken" }), NotReadyError);
  assertEquals(error.message, "Cannot upgrade to 2.0.0-broken: Cannot start the daemon");
  assertEquals(error.hint, "1.0.0 serves again, and no service was touched.");
  assertEquals(scene.steps.slice(-5), [
    "init of 2.0.0-broken",
    "stop the daemon",
    "restore the state",
    `rename ${BINARY}.old`,
    "init of 1.0.0",
  ]);
  assertEquals(server(scene), serving("1.0.0"));
});

for (const to of ["2.0.0", "2.0.0-broken"]) {
  Deno.test(`wherever the power goes in an upgrade to ${to}, a program is there, and the next upgrade ends well`, async () => {
    const whole = new UpgradeScene();
    await whole.upgrade({ to }).catch(() => {});
    assert(whole.steps.length >= 6);
    for (let cutAt = 0; cutAt < whole.steps.length; cutAt++) {
      const scene = new UpgradeScene();
      scene.cutAt = cutAt;
      await assertRejects(() => scene.upgrade({ to }), Error);
      const where = `cut before "${whole.steps[cutAt]}"`;
      assert(["1.0.0", to].includes(scene.files.get(BINARY) ?? ""), where);
      scene.cutAt = Infinity;
      // Who finds the server like this asks once more; a broken version ends where it began.
      await scene.upgrade({ to }).catch((error) => assert(to !== "2.0.0" && error instanceof NotReadyError, where));
      assertEquals(server(scene), serving(to === "2.0.0" ? to : "1.0.0"), where);
    }
  });
}
