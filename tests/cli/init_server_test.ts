import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { MyPaasError, UsageError } from "../../src/error.ts";
import { parseSettings, renderSettings } from "../../src/setup/settings_file.ts";
import { ServerScene } from "./server_scene.ts";

/** Owners of files are changed, which only root can. */
const ignore = Deno.uid() !== 0;

/** The names of this scene's objects, without the short id of its root. */
async function plain(scene: ServerScene, calls: readonly string[]): Promise<readonly string[]> {
  const id = (await scene.settings()).serverId.slice(0, 6);
  return calls.map((call) => call.replace(`mypaas-${id}`, "mypaas"));
}

Deno.test({
  name: "init makes a server out of a bare machine, and prints the one line to paste",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const { out, err, calls } = await scene.init({ httpPort: "8480", httpsPort: "8443" });
    assertEquals(out, ["mypaas login server 'https://192.0.2.7#secret'"]);
    assertStringIncludes(err.join("\n"), "the server is at https://192.0.2.7:8443");
    assertEquals(await plain(scene, calls), [
      "create network mypaas",
      "create network mypaas-ingress",
      "create network mypaas-entry",
      "create network mypaas-admin",
      "pull traefik:v3.7.15",
      "import mypaas-receiver:base",
      "create mypaas-receiver",
      "create mypaas-traefik",
      "create mypaas-daemon",
    ]);
    const { layout } = scene;
    assertEquals((await Deno.stat(layout.settings)).mode ?? 0 & 0o777, 0o100600);
    assertEquals(await Deno.readTextFile(layout.binary), "version 1");
    assertEquals((await scene.files.find(layout.lib))?.mode, 0o700);
    assertEquals(await scene.files.find(layout.gate), { kind: "folder", mode: 0o750, uid: 0, gid: 65532 });
    assertEquals(await scene.files.find(layout.spool), { kind: "folder", mode: 0o700, uid: 65532, gid: 65532 });
    assertEquals((await scene.files.find(layout.certificateKey))?.mode, 0o600);
    assertMatch(await Deno.readTextFile(layout.traefikStatic), /172\.19\.0\.2:8080/);
    const settings = parseSettings(await Deno.readTextFile(layout.settings), "f");
    assertEquals(settings.networks.admin.subnet, "172.19.0.0/16");
    assertEquals(settings.volumes, `${layout.root}/srv/mypaas`);
  },
});

Deno.test({
  name: "init again changes nothing and says so",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await scene.init();
    scene.keys.push({});
    const tree = await scene.tree();
    const settings = await Deno.readTextFile(scene.layout.settings);
    // Traefik listens on its own ports now.
    scene.taken.set(80, "docker-proxy (pid 7)");
    const { out, err, calls } = await scene.init();
    assertEquals({ out, err, calls }, {
      out: [],
      err: ["nothing to change", "the server is at https://192.0.2.7"],
      calls: [],
    });
    assertEquals(await scene.tree(), tree);
    assertEquals(await Deno.readTextFile(scene.layout.settings), settings);
  },
});

Deno.test({
  name: "init with another port replaces what reads it and leaves the receiver alone",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await scene.init();
    const { calls } = await scene.init({ httpPort: "8480" });
    assertEquals(await plain(scene, calls), [
      "remove mypaas-traefik",
      "create mypaas-traefik",
      "remove mypaas-daemon",
      "create mypaas-daemon",
    ]);
    assertEquals((await scene.settings()).httpPort, 8480);
  },
});

Deno.test({
  name: "init with another program replaces what runs it and leaves Traefik alone",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await scene.init();
    await scene.compile("version 2");
    const { calls, err } = await scene.init();
    assertEquals(await plain(scene, calls), [
      "remove mypaas-receiver",
      "create mypaas-receiver",
      "remove mypaas-daemon",
      "create mypaas-daemon",
    ]);
    assertEquals(err[0], `copy the program to ${scene.layout.binary}`);
    assertEquals(await Deno.readTextFile(scene.layout.binary), "version 2");
  },
});

Deno.test({
  name: "init brings back a network, a container and a folder that went away, with the same addresses",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await scene.init();
    const before = await scene.settings();
    const id = before.serverId.slice(0, 6);
    scene.machine.parts.delete(`mypaas-${id}-receiver`);
    scene.machine.parts.delete(`mypaas-${id}-traefik`);
    scene.machine.networks.delete(`mypaas-${id}-entry`);
    await Deno.remove(scene.layout.gate);
    const { calls } = await scene.init();
    assertEquals(await plain(scene, calls), [
      "create network mypaas-entry",
      "create mypaas-receiver",
      "create mypaas-traefik",
    ]);
    assertEquals((await scene.files.find(scene.layout.gate))?.gid, 65532);
    assertEquals(await scene.settings(), before);
  },
});

Deno.test({
  name: "init that was cut off at any change is finished by the next one, as the same server",
  ignore,
  async fn() {
    for (let cut = 0; cut < 9; cut++) {
      await using scene = await ServerScene.open();
      let calls = 0;
      scene.machine.onCall = (call) => {
        if (calls++ === cut) throw new MyPaasError(`power cut before: ${call}`);
      };
      await assertRejects(() => scene.init(), MyPaasError, "power cut");
      const { serverId } = await scene.settings();
      scene.machine.onCall = () => {};
      await scene.init();
      assertEquals((await scene.settings()).serverId, serverId);
      assertEquals((await scene.init()).calls, []);
      assertEquals(scene.machine.parts.size, 3);
    }
  },
});

Deno.test({
  name: "init takes up a network that a cut-off init made and did not write down",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await scene.init();
    const whole = await scene.settings();
    const { entry: _, ...networks } = whole.networks;
    await Deno.writeTextFile(scene.layout.settings, renderSettings({ ...whole, networks }));
    const { calls } = await scene.init();
    assertEquals(calls, []);
    assertEquals(await scene.settings(), whole);
  },
});

Deno.test({
  name: "init refuses a port that somebody else has, before anything is changed",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    scene.taken.set(80, "nginx (pid 812)");
    const error = await assertRejects(
      () => scene.init(),
      MyPaasError,
      "Cannot use port 80: nginx (pid 812) listens on it",
    );
    assertStringIncludes(error.hint ?? "", "--http-port");
    assertEquals(await scene.files.find(scene.layout.root), undefined);
    assertEquals(scene.machine.calls, []);
  },
});

Deno.test({
  name: "init refuses what it cannot do, in one sentence",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const refused = async (facts: typeof scene.facts, message: string) => {
      scene.facts = facts;
      await assertRejects(() => scene.init(), MyPaasError, message);
    };
    await refused({ isRoot: false }, "Cannot set up this server: only root may");
    await refused({ program: undefined }, "init needs the compiled program");
    scene.facts = { hasSystemd: true };
    await assertRejects(() => scene.init({ supervisor: "systemd" }), UsageError, "its unit would lie outside the root");
    await scene.init();
    await Deno.writeTextFile(scene.layout.settings, "httpPort: many");
    await assertRejects(() => scene.init(), MyPaasError, `Cannot read the settings in "${scene.layout.settings}"`);
  },
});

Deno.test({
  name: "init makes no invite when somebody can log in, and one more when every key is revoked",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    await scene.init();
    scene.keys.push({});
    assertEquals((await scene.init()).out, []);
    scene.keys.splice(0, 1, { revokedAt: "2026-11-22T11:00:00.000Z" });
    assertEquals((await scene.init()).out.length, 1);
  },
});

Deno.test({
  name: "init --supervisor none prints the command to run and asks no daemon",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const { out } = await scene.init({ supervisor: "none" });
    const { root, binary } = scene.layout;
    assertEquals(out, [`${binary} --root ${root} daemon`]);
    assertEquals(scene.asked, []);
  },
});

Deno.test({
  name: "init --json is one object: what changed, where the server is, the invite",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const { out: [first, ...rest] } = await scene.init({}, true);
    assertEquals(rest, []);
    const told: { changed: string[] } = JSON.parse(first ?? "");
    assert(told.changed.includes("pull image traefik:v3.7.15"));
    assertEquals(
      { ...told, changed: [] },
      {
        changed: [],
        url: "https://192.0.2.7",
        invite: "https://192.0.2.7#secret",
        login: "mypaas login server 'https://192.0.2.7#secret'",
      } as unknown as typeof told,
    );
    scene.keys.push({});
    assertEquals((await scene.init({}, true)).out, [`{"changed":[],"url":"https://192.0.2.7"}`]);
  },
});

Deno.test({
  name: "init says which names services get, and keeps them",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const { err } = await scene.init({ autoDomain: "sslip.io" });
    assertStringIncludes(err.join("\n"), "services without a domain are reached at SERVICE.192-0-2-7.sslip.io");
    assertEquals((await scene.settings()).autoDomain, "sslip.io");
    const { out } = await scene.init({}, true);
    assertEquals(JSON.parse(out[0] ?? "").autoDomain, "192-0-2-7.sslip.io");
  },
});

Deno.test({
  name: "init warns when the machine has IPv6 and its Docker does not serve it, and goes on",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    scene.machine.publishedOn = ["0.0.0.0"];
    assertEquals((await scene.init()).err.filter((line) => line.startsWith("warning")), []);
    scene.facts = { globalIpv6: () => Promise.resolve(["2001:db8::7"]) };
    const { err, out } = await scene.init();
    assertEquals(err.filter((line) => line.startsWith("warning")), [
      "warning: This server has the IPv6 address 2001:db8::7, and its Docker publishes ports on IPv4 only",
    ]);
    assertEquals(out.length, 1);
    const [told = ""] = (await scene.init({}, true)).out;
    assertEquals(JSON.parse(told).warnings.length, 1);
  },
});
