import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { waitUntil } from "../../src/wait.ts";
import { jsonLines, succeeded } from "../e2e/lab.ts";
import type { LoadResult } from "../e2e/load.ts";
import { CHECKOUT } from "../e2e/project.ts";
import { addRelease, compileVersion } from "../e2e/second_build.ts";
import { FreshVm } from "./fresh_vm.ts";

// One machine from its first minute to its last: each test goes on where the one before it ended.
const { version: FIRST }: { version: string } = JSON.parse(await Deno.readTextFile(`${CHECKOUT}/deno.json`));
const SECOND = "7.1.0";
const RATE = 50;
const WEB = { name: "web", options: { domain: "web.test", scale: 2 }, app: { TEXT: "one" } };
const SHOP = {
  name: "shop",
  options: { domain: "shop.test", https: "true", scale: 1, volume: ["~/shop:/bind", "box:/named"] },
  app: { TEXT: "shop", COUNT: "/bind/count" },
};

const VAULT = {
  name: "vault",
  options: { domain: "vault.test", env: "KEY@file", port: 8080 },
  app: { PORT: "8080" },
  from: "busybox",
  instructions: ['RUN echo "app:x:1000:1000::/:/bin/sh" > /etc/passwd', "USER app"],
};

let fresh: FreshVm;
let build = "";
/** Compiled while the tests before it run. */
let second: Promise<string> | undefined;
/** What the machine had before it was a server. */
let before = "";
/** How many certificates the authority was asked for, up to the first page over https. */
let orders = 0;

Deno.test.beforeAll(async () => {
  build = await Deno.makeTempDir({ dir: "/tmp", prefix: "mypaas-build-" });
  second = compileVersion(build, SECOND);
  second.catch(() => {});
  fresh = await FreshVm.start({ authority: true });
  before = await inventory();
});

Deno.test.afterAll(async () => {
  await fresh?.[Symbol.asyncDispose]();
  await second?.catch(() => {});
  if (build !== "") await Deno.remove(build, { recursive: true });
});

let broken = false;

/** A test that says nothing where the one before it failed. */
function step(claim: string, run: () => Promise<void>): void {
  // The place of the releases serves during all of them, and the compiler of the second version ends in one of them.
  Deno.test(claim, { sanitizeOps: false, sanitizeResources: false }, async () => {
    if (broken) throw new Error("a step before this one failed");
    broken = true;
    await run();
    broken = false;
  });
}

/** All that init could leave on a machine: files (but Docker's own), Docker's objects, units, interfaces, accounts. */
async function inventory(): Promise<string> {
  return await fresh.vm.sh(`
    find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/lib/docker \\
      -o -path /var/log -o -path /var/lib/systemd -o -path /var/lib/containerd -o -path /var/cache -o -path /var/tmp \\) -prune -o -printf '%p %y %m %U:%G\\n' | sort
    docker ps --all --format '{{.Names}}'; docker network ls --format '{{.Name}}' | sort
    docker image ls --format '{{.Repository}}:{{.Tag}}' | sort; docker volume ls --format '{{.Name}}'
    systemctl list-unit-files --no-legend --plain; ip -o link | cut -d ' ' -f 2 | cut -d @ -f 1; cat /etc/passwd`);
}

/** What tells that containers and the daemon were not touched. */
async function running(): Promise<string> {
  return await fresh.vm.sh(
    "docker ps --format '{{.Names}}' | sort | xargs docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}'; systemctl show -P MainPID mypaas",
  );
}

/** Waits until a page is there, over https with a certificate of the authority's. @returns when it came, milliseconds since 1970 */
async function firstAnswer(url: string, wanted: string): Promise<number> {
  const ask = () => url.startsWith("https:") ? fresh.trustedPage(url) : fresh.page(url);
  await waitUntil(async () => await ask() === wanted, {
    what: `${url} answers`,
    timeoutMs: 60_000,
    intervalMs: 50,
  });
  return Date.now();
}

function tell(what: string, { sent, failed, failures, max }: LoadResult): void {
  console.log(
    `${what}: ${failed} of ${sent} requests failed, longest ${max.toFixed(0)} ms ${JSON.stringify(failures)}`,
  );
}

step("from install.sh to the page in less than 90 s; http and https from outside", async () => {
  const began = performance.now();
  assertEquals(succeeded(await fresh.vm.run(fresh.installLine)).stdout, "  mypaas init\n");
  const told = await fresh.init();
  assertEquals(told["url"], `https://${fresh.vm.address}`);
  succeeded(await fresh.push(WEB));
  await firstAnswer("http://web.test/", "200 one");
  const seconds = (performance.now() - began) / 1000;
  console.log(`install.sh to the page: ${seconds.toFixed(1)} s`);
  assert(seconds <= 90, `it took ${seconds} s`);
  const pushed = Date.now();
  succeeded(await fresh.push(SHOP));
  const trusted = await firstAnswer("https://shop.test/", "200 shop");
  orders = await fresh.orders();
  assert(orders > 0, "the authority was not asked");
  console.log(
    `https with a certificate of the authority: ${((trusted - pushed) / 1000).toFixed(1)} s after the push began`,
  );
  assertEquals((await fresh.page("http://shop.test/")).split(" ")[0], "308");
});

step("the daemon's unit is fenced: exposure 4.0 at most, ready, watched, nothing of it open to others", async () => {
  const shown = await fresh.vm.sh("systemd-analyze security --no-pager mypaas | grep Overall");
  console.log(shown.trim());
  const exposure = Number(/: ([\d.]+) /.exec(shown)?.[1]);
  assert(exposure <= 4, shown);
  const state = await fresh.vm.sh(
    "systemctl show -p Type -p ActiveState -p NRestarts -p StatusText -p WatchdogUSec mypaas",
  );
  assertEquals(state.split("\n").sort(), [
    "ActiveState=active",
    "NRestarts=0",
    "StatusText=the server is as its state says",
    "Type=notify",
    "WatchdogUSec=30s",
  ]);
  // The state's folder is closed to all but root, and so are all secrets in it, wherever they are copied to.
  assertEquals(await fresh.vm.sh("stat -c %a /var/lib/mypaas /etc/mypaas/server.yml"), "700\n600");
  const open = "find /var/lib/mypaas /run/mypaas -type f -perm /077 ! -path '*/spool/*' ! -path '*/traefik/*'; " +
    "find /var/lib/mypaas/traefik -type f \\( -name '*.key' -o -name 'acme.json' -o -name traefik.yml \\) -perm /077";
  assertEquals(await fresh.vm.sh(open), "");
  assertEquals(
    await fresh.vm.sh("stat -c %a /srv/mypaas/shop /run/mypaas/daemon.sock /run/mypaas/notify.sock"),
    "755\n600\n600",
  );
});

step("the journal tells a service's story by its field", async () => {
  const lines = await fresh.vm.sh("journalctl -u mypaas MYPAAS_SERVICE=web MYPAAS_RELEASE=1 -o json");
  const [entry] = lines.split("\n").map((line) => JSON.parse(line));
  assertEquals([entry.SYSLOG_IDENTIFIER, entry.MYPAAS_SERVICE, entry.MYPAAS_RELEASE], ["mypaas", "web", "1"]);
  assertStringIncludes(entry.MESSAGE, "web.1: live after ");
  assertEquals(await fresh.vm.sh("journalctl -u mypaas -p warning -q --no-pager"), "");
});

step("what the fence must let through: rollback, exec, logs, published ports, env, failures, volumes", async () => {
  succeeded(await fresh.push({ ...WEB, app: { TEXT: "two" } }));
  assertEquals(await fresh.page("http://web.test/"), "200 two");
  succeeded(await fresh.laptop("rollback", "web", "--server", "vm"));
  assertEquals(await fresh.page("http://web.test/"), "200 one");
  succeeded(await fresh.push({ name: "echo", options: { publish: "7000:7000" }, app: { ECHO: "7000" } }));
  assertEquals(await fresh.vm.sh("exec 3<>/dev/tcp/127.0.0.1/7000; echo hi >&3; head -1 <&3"), "hi");
  const refused = await fresh.push({ ...WEB, app: { EXIT_NOW: "3" } });
  assertEquals(refused.code, 5, refused.stderr);
  assertEquals(await fresh.page("http://web.test/"), "200 one");
  succeeded(await fresh.push({ name: "shell", from: "busybox", options: { volume: "box:/box" } }));
  assertStringIncludes(
    succeeded(await fresh.vm.run("mypaas exec shell -- sh -c 'echo kept >/box/a; id -u'")).stdout,
    "0",
  );
  assertStringIncludes(succeeded(await fresh.laptop("logs", "web", "--server", "vm")).stdout, "app starts");
  succeeded(await fresh.vm.run("echo -n blue | mypaas env set web COLOUR"));
  // The daemon makes files closed to others (UMask); this one another user has to reach.
  succeeded(await fresh.vm.run("echo -n s3cret | mypaas env set vault KEY --secret"));
  succeeded(await fresh.push(VAULT));
  assertEquals(await fresh.page("http://vault.test/read?file=/run/secrets/KEY"), "200 s3cret");
  // What a container listens on is read out of /proc.
  const elsewhere = await fresh.push({
    name: "elsewhere",
    options: { domain: "e.test", "start-timeout": "3s" },
    app: { PORT: "8000" },
  });
  assertEquals(elsewhere.code, 5, elsewhere.stderr);
  assertStringIncludes(elsewhere.stderr, "8000; mypaas.port is 80");
  const commands = [
    "ps",
    "history web",
    "stats",
    "restart echo",
    "stop echo",
    "start echo",
    "remove echo",
    "keys list",
    "invite --name other",
  ];
  for (const command of commands) succeeded(await fresh.vm.run(`mypaas ${command}`));
  assertEquals(await fresh.vm.sh("systemctl show -P NRestarts mypaas"), "0");
  // The old release goes behind the answer of a command.
  await waitUntil(async () => await fresh.vm.sh("docker ps --all --quiet --filter name=^web | wc -l") === "2", {
    what: "only the last release is left",
    timeoutMs: 40_000,
    intervalMs: 200,
  });
});

step("init again under load changes and restarts nothing, and no request fails", async () => {
  const was = await running();
  const load = fresh.load("web.test", RATE);
  await load.begun();
  assertEquals((await fresh.init())["changed"], []);
  const result = await load.stop();
  tell("init again", result);
  assertEquals(result.failures, {});
  assertEquals(await running(), was);
});

step("upgrade under load: no request fails, services are not touched", async () => {
  if (second === undefined) throw new Error("the second version was not compiled");
  await addRelease(fresh.site.folder, SECOND, await second);
  const services = async () =>
    (await running()).split("\n").filter((line) => /^\/(web|shop|mypaas-traefik)/.test(line));
  const was = await services();
  const load = fresh.load("web.test", RATE);
  await load.begun();
  const said = succeeded(await fresh.vm.run("mypaas upgrade"));
  const result = await load.stop();
  tell("upgrade", result);
  assertStringIncludes(said.stdout, `upgraded mypaas from ${FIRST} to ${SECOND}`);
  assertEquals(result.failures, {});
  assertEquals(await services(), was);
  const [versions] = jsonLines(succeeded(await fresh.laptop("version", "--server", "vm", "--json")));
  assertEquals(versions?.["server"], SECOND);
});

for (
  const [what, cut] of [["a reboot", () => fresh.vm.reboot()], ["a power cut", () => fresh.vm.cutPower()]] as const
) {
  step(`after ${what} the page answers within 10 s of dockerd`, async () => {
    const load = fresh.load("web.test", RATE);
    await load.begun();
    const began = Date.now();
    const booted = cut();
    await waitUntil(async () => !(await fresh.page("http://web.test/")).startsWith("200"), {
      what: "the machine is down",
      timeoutMs: 30_000,
      intervalMs: 20,
    });
    const at = await firstAnswer("http://web.test/", "200 one");
    await booted;
    const docker = await fresh.vm.activeSince("docker");
    await firstAnswer("https://shop.test/", "200 shop");
    tell(what, await load.stop());
    const seconds = ((at - docker) / 1000).toFixed(1);
    console.log(`${what}: page ${seconds} s after dockerd, ${((at - began) / 1000).toFixed(1)} s after it began`);
    assert(at - docker <= 10_000, `the page came ${seconds} s after dockerd`);
    await waitUntil(async () => {
      const [version] = jsonLines(await fresh.laptop("version", "--server", "vm", "--json"));
      return version?.["server"] === SECOND;
    }, { what: "a laptop reaches the server", timeoutMs: 20_000, intervalMs: 200 });
    assertEquals(await fresh.vm.sh("mypaas exec shell -- cat /box/a"), "kept");
    // The certificate is still the one of the first push, through init again and upgrade too.
    assertEquals(await fresh.orders(), orders);
  });
}

step("a daemon that hangs is killed by the watchdog and started again, and the page stays", async () => {
  await fresh.vm.sh(`mkdir -p /run/systemd/system/mypaas.service.d
    printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/mypaas.service.d/short.conf
    systemctl daemon-reload; systemctl restart mypaas`);
  const pid = await fresh.vm.sh("systemctl show -P MainPID mypaas");
  const load = fresh.load("web.test", RATE);
  await load.begun();
  await fresh.vm.sh(`kill -STOP ${pid}`);
  await waitUntil(async () => {
    const now = await fresh.vm.sh("systemctl show -P MainPID mypaas");
    return now !== pid && await fresh.vm.sh("systemctl is-active mypaas || true") === "active";
  }, { what: "systemd has started another daemon", timeoutMs: 30_000, intervalMs: 100 });
  const result = await load.stop();
  tell("a daemon that hangs", result);
  assertEquals(result.failures, {});
  assertEquals(await fresh.vm.sh("systemctl show -P NRestarts mypaas"), "1");
  succeeded(await fresh.vm.run("mypaas ps"));
  await fresh.vm.sh("rm -r /run/systemd/system/mypaas.service.d; systemctl daemon-reload; systemctl restart mypaas");
});

step("uninstall leaves the machine as it was, but for data; with --data as it was", async () => {
  await fresh.vm.sh("echo precious >/srv/mypaas/shop/note");
  succeeded(await fresh.vm.run("mypaas uninstall"));
  const added = (now: string) => now.split("\n").filter((line) => !before.split("\n").includes(line));
  const kept = added(await inventory()).filter((line) => !/^\/(etc|var\/lib|srv)\/mypaas(\/| )/.test(line));
  assertEquals(kept.map((line) => line.split(" ")[0]).sort(), ["/usr/local/bin/mypaas", "shell.box", "shop.box"]);
  assertEquals(
    await fresh.vm.sh("cat /srv/mypaas/shop/note; systemctl is-active mypaas || true"),
    "precious\ninactive",
  );
  succeeded(await fresh.vm.run("mypaas uninstall --data"));
  assertEquals(added(await inventory()), []);
  assertEquals(await fresh.vm.sh("test ! -e /run/mypaas -a ! -e /usr/local/bin/mypaas; echo $?"), "0");
});
