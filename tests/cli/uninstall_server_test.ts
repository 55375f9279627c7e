import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { ServerScene } from "./server_scene.ts";

/** Owners of files are changed, which only root can. */
const ignore = Deno.uid() !== 0;

/** A server with a replica, its image and volume, and beside it things of other people. */
async function setUp(scene: ServerScene): Promise<string> {
  await scene.init();
  const { serverId } = await scene.settings();
  const { machine } = scene;
  machine.addContainer("ab12cd-blog.1.1", serverId);
  machine.images.set("ab12cd-blog:1", { instance: serverId });
  machine.volumes.set("ab12cd-blog.data", { instance: serverId });
  machine.addContainer("theirs", "");
  machine.images.set("theirs:1", { instance: "" });
  machine.volumes.set("theirs", { instance: "other" });
  await Deno.writeTextFile(scene.layout.database, "state");
  await Deno.writeTextFile(`${scene.layout.defaultVolumes}/upload`, "data");
  return serverId;
}

Deno.test({
  name: "uninstall removes what the server made and keeps state, settings and volumes",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const id = (await setUp(scene)).slice(0, 6);
    const { machine, layout } = scene;
    const { err, calls } = await scene.uninstall(false);
    assertEquals(calls[0], `remove mypaas-${id}-daemon`);
    assertEquals([...machine.parts.keys()], ["theirs"]);
    assertEquals([...machine.networks.keys()], []);
    assertEquals([...machine.volumes.keys()], ["ab12cd-blog.data", "theirs"]);
    assertEquals(machine.images.has("ab12cd-blog:1"), false);
    assertEquals(machine.images.has("theirs:1"), true);
    assertEquals(await Deno.readTextFile(layout.database), "state");
    assertStringIncludes(err.join("\n"), `kept: ${layout.etc}, ${layout.lib}, ${layout.defaultVolumes}`);
  },
});

Deno.test({
  name: "uninstall twice, or of half a server, removes what is left",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const id = (await setUp(scene)).slice(0, 6);
    scene.machine.parts.delete(`mypaas-${id}-traefik`);
    scene.machine.parts.delete(`mypaas-${id}-daemon`);
    await scene.uninstall(false);
    const { err, calls } = await scene.uninstall(false);
    assertEquals(calls, []);
    assertEquals(err[0], "nothing to remove");
  },
});

Deno.test({
  name: "uninstall removes all else when Docker keeps a network, and says what is left to do",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const { machine } = scene;
    const name = `mypaas-${(await setUp(scene)).slice(0, 6)}-ingress`;
    const { removeNetwork } = machine;
    machine.removeNetwork = (asked) =>
      asked === name
        ? Promise.reject(new MyPaasError(`Cannot remove the network "${name}": it has active endpoints`))
        : removeNetwork.call(machine, asked);
    const error = await assertRejects(() => scene.uninstall(true), MyPaasError, "it has active endpoints");
    assertStringIncludes(error.hint ?? "", `docker network rm ${name}`);
    assertEquals([...machine.networks.keys()], [name]);
    assertEquals(machine.images.has("ab12cd-blog:1"), false);
    await assertRejects(() => Deno.stat(scene.layout.lib), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "uninstall --data leaves nothing below its root, nor the root",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await setUp(scene);
    await scene.uninstall(true);
    assertEquals(await scene.files.find(scene.layout.root), undefined);
    assertEquals([...scene.machine.volumes.keys()], ["theirs"]);
    const { err, calls } = await scene.uninstall(true);
    assertEquals({ err, calls }, { err: ["nothing to remove"], calls: [] });
  },
});

Deno.test({
  name: "uninstall --data keeps what others put below the root, and a volume folder that the user chose",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const own = `${scene.folder}/own`;
    await scene.init({ volumes: own });
    await Deno.writeTextFile(`${own}/file`, "data");
    await Deno.writeTextFile(`${scene.layout.root}/etc/theirs`, "data");
    const { out } = await scene.uninstall(true, true);
    assertEquals(await scene.tree(), ["/etc", "/etc/theirs"]);
    assertEquals(await Deno.readTextFile(`${own}/file`), "data");
    assertEquals(JSON.parse(out[0] ?? "").kept, [own]);
  },
});

Deno.test({
  name: "uninstall --data after uninstall removes the rest",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await setUp(scene);
    await scene.uninstall(false);
    await scene.uninstall(true);
    assertEquals([...scene.machine.volumes.keys()], ["theirs"]);
    assertEquals(await scene.files.find(scene.layout.root), undefined);
  },
});

Deno.test({
  name: "uninstall refuses while a daemon runs that somebody started by hand",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await scene.init({ supervisor: "none" });
    scene.daemonRuns = true;
    await assertRejects(
      () => scene.uninstall(true),
      MyPaasError,
      "a daemon of this server runs, started by somebody else",
    );
    scene.daemonRuns = false;
    await scene.uninstall(true);
    assertEquals(await scene.files.find(scene.layout.root), undefined);
  },
});

Deno.test({
  name: "init after uninstall is the same server again",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const serverId = await setUp(scene);
    await scene.uninstall(false);
    await scene.init();
    assertEquals((await scene.settings()).serverId, serverId);
    assertEquals((await scene.init()).calls, []);
  },
});
