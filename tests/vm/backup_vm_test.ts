import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { jsonLines, succeeded } from "../e2e/lab.ts";
import { CHECKOUT, writeProject } from "../e2e/project.ts";
import { writeSqliteProject } from "../e2e/sqlite_project.ts";
import { FreshVm } from "./fresh_vm.ts";
import { Vm } from "./vm.ts";

const RATE = 40;
const BLOG = { name: "blog", options: { domain: "blog.test", scale: 2 }, app: { TEXT: "blog 1" } };
const PASSPHRASE = "MYPAAS_PASSPHRASE='correct horse battery'";

async function page(vm: Pick<Vm, "httpPort">, host: string): Promise<string> {
  const args = ["-s", "--noproxy", "*", "--max-time", "20", "-H", `Host: ${host}`, `http://127.0.0.1:${vm.httpPort}/`];
  return new TextDecoder().decode((await new Deno.Command("curl", { args }).output()).stdout);
}

/** Asks SQLite inside the running service. */
function query(vm: Vm, sql: string): Promise<string> {
  return vm.sh(
    `docker exec "$(docker ps -q -f label=mypaas.service=shop)" /sqlite3 -cmd '.timeout 20000' /data/db '${sql}'`,
  );
}

// The place of the releases serves during all of it.
Deno.test("a backup taken under load and restored on a second VM serves the same, and is the same server", {
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  await using fresh = await FreshVm.start();
  succeeded(await fresh.vm.run(fresh.installLine));
  await fresh.init();
  succeeded(await fresh.push(BLOG));
  succeeded(await fresh.laptop("push", "vm", await writeSqliteProject(`${fresh.folder}/shop`)));
  const file = `${fresh.folder}/backup`;
  const loads = ["blog.test", "shop.test"].map((host) => fresh.load(host, RATE));
  await waitUntil(async () => Number(await query(fresh.vm, "SELECT count(*) FROM a")) > 1050, {
    what: "the database is written",
    timeoutMs: 60_000,
  });
  // As from a laptop: ssh root@server mypaas backup - >file
  const taken = await new Deno.Command("bash", {
    args: [
      "-c",
      `docker exec -e "$1" "$2" mypaas backup - --json >"$0"`,
      file,
      PASSPHRASE.replaceAll("'", ""),
      fresh.vm.name,
    ],
    stdout: "null",
  }).output();
  const told = new TextDecoder().decode(taken.stderr);
  assertEquals(taken.code, 0, told);
  console.log(`backup of a VM: ${told.trim().split("\n").at(-1)}`);
  for (const { failed, failures, sent } of await Promise.all(loads.map((load) => load.stop()))) {
    console.log(`backup of a VM: ${failed} of ${sent} requests failed`);
    assertEquals(failed, 0, JSON.stringify(failures));
  }
  const identity = await fresh.vm.sh("sha256sum /var/lib/mypaas/*.key");
  const subnet = "docker network inspect mypaas-ingress --format '{{(index .IPAM.Config 0).Subnet}}'";
  const before = await fresh.vm.sh(subnet);

  await using second = await Vm.start();
  await second.copy(`${CHECKOUT}/dist/mypaas`, "/usr/local/bin/mypaas");
  await second.copy(file, "/root/backup");
  // Its networks cannot be as the old ones.
  await second.sh(`docker network create --subnet ${before} taken`);
  const begin = performance.now();
  const restored = succeeded(
    await second.run(`${PASSPHRASE} mypaas restore /root/backup --json`),
  );
  assertEquals(await page(second, "blog.test"), "blog 1");
  console.log(`restore on a VM to the first page: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  const [, last] = jsonLines(restored);
  assertEquals([last?.["down"], last?.["notes"]], [[], [
    `the address was ${fresh.vm.address} and is ${second.address}: let the domains lead here`,
    "laptops know the server by its address: each logs in again, with a line of mypaas invite",
  ]]);
  assertNotEquals(await second.sh(subnet), before);
  assertEquals(await second.sh("sha256sum /var/lib/mypaas/*.key"), identity);
  assertEquals(await second.sh("systemctl is-active mypaas; systemctl is-enabled mypaas"), "active\nenabled");
  assertEquals(await page(second, "shop.test"), "shop 1");
  assertEquals(await query(second, "PRAGMA integrity_check"), "ok");
  assertEquals(await query(second, "SELECT count(*) FROM a JOIN b USING (id) WHERE a.value <> b.value"), "0");
  // The address is another one, so the certificate is: the laptop is told where the server is now.
  const [invite] = jsonLines(succeeded(await second.run("mypaas invite --name again --role admin --json")));
  succeeded(await fresh.laptop("login", "second", String(invite?.["line"])));
  const project = await writeProject(`${fresh.folder}/blog`, { ...BLOG, app: { TEXT: "blog 2" } });
  succeeded(await fresh.laptop("push", "second", project));
  assertEquals(await page(second, "blog.test"), "blog 2");
  await second.reboot();
  await waitUntil(
    async () => await page(second, "blog.test") === "blog 2" && await page(second, "shop.test") === "shop 1",
    {
      what: "the restored server serves after a reboot",
      timeoutMs: 60_000,
    },
  );
  assertStringIncludes(await second.sh("mypaas ps"), "live");
});
