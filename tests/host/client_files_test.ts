import { assertEquals, assertRejects } from "@std/assert";
import { AuthError, MyPaasError } from "../../src/error.ts";
import { clientFolder } from "../../src/host/client_files.ts";
import { plant, tempFolder } from "./temp_folder.ts";

const PINNED = {
  url: "https://1.2.3.4:8443",
  serverId: "0123456789abcdef0123456789abcdef",
  daemonKey: "a2V5",
  certificatePin: "cGlu",
  certificate: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  key: "/home/ann/.ssh/id_ed25519",
  nextKey: "keys/0123456789abcdef",
};
const PLAIN = {
  ...PINNED,
  url: "https://shop.example",
  serverId: "00000000000000000000000000000123",
  certificatePin: undefined,
  certificate: undefined,
  key: undefined,
  nextKey: undefined,
};

async function modeOf(path: string): Promise<number> {
  return ((await Deno.lstat(path)).mode ?? 0) & 0o777;
}

Deno.test("clientFolder() knows nothing before the first login", async () => {
  await using folder = await tempFolder();
  const files = clientFolder(`${folder.path}/none`);
  assertEquals([await files.servers(), await files.privateKey()], [{}, undefined]);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("clientFolder() keeps servers and key, for nobody else to read", async () => {
  await using folder = await tempFolder();
  const path = `${folder.path}/config/mypaas`;
  const files = clientFolder(path);
  await files.saveServers({ shop: PLAIN, 1: PINNED });
  await files.saveServers({ shop: { ...PLAIN, url: "https://new.example" } });
  await files.savePrivateKey("MC4CAQ");
  const again = clientFolder(path);
  assertEquals(await again.servers(), { shop: { ...PLAIN, url: "https://new.example" }, 1: PINNED });
  assertEquals(await again.privateKey(), "MC4CAQ");
  assertEquals(await Promise.all(["", "/servers.yml", "/key"].map((file) => modeOf(path + file))), [
    0o700,
    0o600,
    0o600,
  ]);
});

Deno.test("clientFolder() keeps keys for single servers beside the laptop's own", async () => {
  await using folder = await tempFolder();
  const files = clientFolder(`${folder.path}/mypaas`);
  const reference = await files.saveServerKey("0123456789abcdef", "MC4CAR");
  await files.savePrivateKey("MC4CAQ");
  assertEquals(reference, "keys/0123456789abcdef");
  assertEquals([await files.privateKey(reference), await files.privateKey()], ["MC4CAR", "MC4CAQ"]);
  assertEquals(await Promise.all(["", "/keys", `/${reference}`].map((at) => modeOf(`${folder.path}/mypaas${at}`))), [
    0o700,
    0o700,
    0o600,
  ]);
  await files.removeKey(reference);
  assertEquals([await files.privateKey(reference), await files.privateKey()], [undefined, "MC4CAQ"]);
});

Deno.test("privateKey() refuses a key that others may read", async () => {
  await using folder = await tempFolder();
  const files = clientFolder(folder.path);
  await files.savePrivateKey("MC4CAQ");
  await Deno.chmod(`${folder.path}/key`, 0o640);
  const { message, hint } = await assertRejects(() => files.privateKey(), AuthError);
  assertEquals(message, `Cannot use the key "${folder.path}/key": others may read it (its mode is 640)`);
  assertEquals(hint, `chmod 600 ${folder.path}/key`);
});

Deno.test("clientFolder() keeps of a server over ssh its URL alone", async () => {
  await using folder = await tempFolder();
  const files = clientFolder(folder.path);
  await files.saveServers({ vm: { url: "ssh://root@vm:2222" } });
  await files.saveServers({ shop: PLAIN });
  assertEquals(await files.servers(), { vm: { url: "ssh://root@vm:2222" }, shop: PLAIN });
});

Deno.test("servers() says what is wrong with the file", async () => {
  await using folder = await tempFolder();
  const cases: readonly [string, string][] = [
    ["{", "it is not YAML"],
    ["text", "it is not a list of servers by name"],
    ["shop: 1", '"shop" has no "url"'],
    ["shop: {url: 5}", '"url" of "shop" is not a text'],
  ];
  for (const [text, problem] of cases) {
    await plant(folder.path, { "servers.yml": text });
    const message = `Cannot read "${folder.path}/servers.yml": ${problem}`;
    await assertRejects(() => clientFolder(folder.path).servers(), MyPaasError, message);
  }
  await plant(folder.path, { "servers.yml": "" });
  assertEquals(await clientFolder(folder.path).servers(), {});
});
