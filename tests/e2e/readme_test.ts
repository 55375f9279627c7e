import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/yaml";
import { waitUntil } from "../../src/wait.ts";
import { BaseImages } from "./base_images.ts";
import { containersOf, importImage, owned, removeImage, removeOwned } from "./engine.ts";
import { FileServer } from "./file_server.ts";
import { freePorts } from "./free_ports.ts";
import { MYPAAS } from "./lab.ts";
import { labFolder, type Owner } from "./lab_folder.ts";
import { Machine } from "./machine.ts";
import { CHECKOUT } from "./project.ts";
import { type Block, fileOf, linesOf, machinesOf, readBlocks, README, TYPED_SECTIONS } from "./readme.ts";
import { addRelease } from "./second_build.ts";
import { visit } from "./visitor.ts";

// A newcomer reads README and types what it says, on a laptop and a VM that have nothing but Debian, Docker on the VM.
// What is not as README says, because this machine may have no systemd, its ports taken and a server of its own:
// - `https://downloads.example.org/mypaas` is a web server of this test, the line to log in is the one that init printed;
// - the VM's MYPAAS_ROOT keeps the server's files below a folder, and `mypaas init` there gets ports and an address (WRAPPER).

const { version: VERSION }: { version: string } = JSON.parse(await Deno.readTextFile(`${CHECKOUT}/deno.json`));
const RELEASES = "https://downloads.example.org/mypaas";
const INVITE = "https://203.0.113.7#5f0c...";
const [HTTP_PORT, HTTPS_PORT] = freePorts();
const [WEB_PORT] = freePorts();
const WEB = `http://127.0.0.1:${WEB_PORT}`;
const DOOR = { httpPort: HTTP_PORT, httpsPort: HTTPS_PORT };
/** The VM's ~/.profile. */
const WRAPPER = `mypaas() {
  if [ "$1" = init ]; then
    set -- "$@" --http-port ${HTTP_PORT} --https-port ${HTTPS_PORT} --address 127.0.0.1
  fi
  command mypaas "$@"
}
`;

const blocks = readBlocks(README);
const image = `mypaas-test-newcomer:${crypto.randomUUID()}`;
let folder = "";
let invite = "";
let serverId = "";
const things = new AsyncDisposableStack();
const machines = new Map<"server" | "laptop", Machine>();

Deno.test.beforeAll(async () => {
  folder = await labFolder();
  things.defer(() => Deno.remove(folder, { recursive: true }));
  const owner: Owner = { pid: Deno.pid, daemonPid: 0 };
  await Deno.writeTextFile(`${folder}/owner.json`, JSON.stringify(owner));
  for (const name of ["r", "releases", "vm", "laptop"]) await Deno.mkdir(`${folder}/${name}`);
  for (const block of blocksOf("From an empty folder")) await writeFile(block);
  const bases = BaseImages.of(["database", "python", "go"].map((name) => `${home()}/${name}/Dockerfile`));
  const made = await Promise.allSettled([bases, startMachines(), publish()]);
  if (made[0].status === "fulfilled") things.use(made[0].value);
  for (const one of made) if (one.status === "rejected") throw one.reason;
});

Deno.test.afterAll(async () => {
  await machines.get("server")?.type("mypaas uninstall --data");
  const left = serverId === "" ? undefined : await owned(serverId);
  if (left !== undefined) await removeOwned(serverId);
  await things.disposeAsync();
  if (left !== undefined) assertEquals(left, { containers: [], networks: [], images: [], volumes: [] });
});

/** The laptop's home as this host sees it. */
function home(): string {
  return `${folder}/laptop`;
}

function blocksOf(section: typeof TYPED_SECTIONS[number]): readonly Block[] {
  return blocks.filter((block) => block.section === section);
}

/** Writes a file that README shows, in the laptop's home. */
async function writeFile(block: Block): Promise<void> {
  const file = fileOf(block);
  if (file === undefined) return;
  await Deno.mkdir(`${home()}/${file.replace(/\/[^/]*$/, "")}`, { recursive: true });
  await Deno.writeTextFile(`${home()}/${file}`, block.text);
}

/** Makes the folder of releases, as scripts/release does. */
async function publish(): Promise<void> {
  await addRelease(`${folder}/releases`, VERSION, MYPAAS);
  const script = await Deno.readTextFile(`${CHECKOUT}/scripts/install.sh`);
  await Deno.writeTextFile(`${folder}/releases/install.sh`, script.replace("RELEASES=''", `RELEASES='${WEB}'`));
}

async function startMachines(): Promise<void> {
  const root = await new Deno.Command(`${CHECKOUT}/tests/e2e/debian_root.sh`, { args: ["curl"] }).output();
  if (!root.success) throw new Error(new TextDecoder().decode(root.stderr));
  await importImage(image, root.stdout);
  things.defer(() => removeImage(image));
  await Deno.writeTextFile(`${folder}/vm/.profile`, WRAPPER);
  const server = await Machine.start(image, {
    home: `${folder}/vm`,
    binds: ["/var/run/docker.sock:/var/run/docker.sock", `${folder}/r:${folder}/r`],
    env: [`MYPAAS_ROOT=${folder}/r`],
  });
  machines.set("server", things.use(server));
  await server.type('mkdir -p "$MYPAAS_ROOT/etc/mypaas" && ln -s "$MYPAAS_ROOT/etc/mypaas" /etc/mypaas');
  await Deno.copyFile("/etc/skel/.profile", `${home()}/.profile`);
  for await (const path of below(home())) await Deno.chown(path, 1000, 1000);
  machines.set("laptop", things.use(await Machine.start(image, { home: home(), user: "1000:1000" })));
}

async function* below(path: string): AsyncGenerator<string> {
  yield path;
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) yield* below(`${path}/${name}`);
    else yield `${path}/${name}`;
  }
}

function on(name: "server" | "laptop"): Machine {
  const machine = machines.get(name);
  if (machine === undefined) throw new Error(`the ${name} did not start`);
  return machine;
}

/** Types a line of README on one of the two machines, in a folder below the home. `MYPAAS_TEST_SHOW=1` prints it all. */
async function type(machine: "server" | "laptop", line: string, where?: string): Promise<string> {
  const typed = line.replace(RELEASES, WEB).replace(INVITE, invite);
  const begun = performance.now();
  const shown = await on(machine).type(typed, where);
  if (Deno.env.get("MYPAAS_TEST_SHOW")) {
    console.log(`${Math.round(performance.now() - begun)} ms ${machine}$ ${line}\n${shown}`);
  }
  return shown;
}

/** Types a block of README, on a laptop in a folder, and looks after each line. */
async function typeAll(block: Block, look: Looks, where?: string): Promise<void> {
  for (const machine of machinesOf(block)) {
    const folder = machine === "laptop" ? where : undefined;
    for (const line of linesOf(block)) await look(line, await type(machine, line, folder));
  }
}

type Looks = (line: string, shown: string) => Promise<void> | void;

async function page(host: string): Promise<string> {
  const { status, text } = await visit(DOOR, `http://${host}/`);
  return `${status} ${text}`;
}

Deno.test("README, your VM in five minutes: from two bare machines to a page", async () => {
  await using _web = new FileServer(`${folder}/releases`, WEB_PORT);
  await Deno.mkdir(`${home()}/hello`);
  for (const file of ["Dockerfile", "index.html"]) {
    await Deno.copyFile(`${CHECKOUT}/examples/hello/${file}`, `${home()}/hello/${file}`);
  }
  for (const block of blocksOf("Your VM in five minutes")) {
    await typeAll(block, async (line, shown) => {
      if (line !== "mypaas init") return;
      invite = /^mypaas login server '(\S+)'$/m.exec(shown)?.[1] ?? "";
      const settings = parse(await Deno.readTextFile(`${folder}/r/etc/mypaas/server.yml`));
      serverId = typeof settings === "object" && settings !== null && "serverId" in settings
        ? String(settings.serverId)
        : "";
    }, block.intro.includes("in any folder with a Dockerfile") ? "hello" : undefined);
  }
  assertMatch(await page("hello.localhost"), /^200 [^]*Hello from MyPaas/);
});

Deno.test("README, from an empty folder: a Python and a Go app count visits in one database, through new releases", async () => {
  const shells = blocksOf("From an empty folder").filter(({ language }) => language === "sh");
  const shown = new Map<string, string>();
  for (const block of shells) await typeAll(block, (line, what) => void shown.set(line, what));
  // MyPaas asked each new container for the page, to see that it is ready.
  const first = await visits("counter.example.org", "Python has seen");
  assertEquals(await visits("gopher.example.org", "Go has seen"), first + 1);
  const [line = ""] = /curl --resolve \S+ \S+/.exec(shown.get("mypaas push server python") ?? "") ?? [];
  assertEquals(await on("laptop").type(`${line} -sS`), `Python has seen visit ${first + 2}\n`);

  await change("python/app.py", "Python has seen", "Python counts");
  await type("laptop", "mypaas push server python");
  const second = await visits("counter.example.org", "Python counts");
  assert(second > first + 2);
  await change("database/Dockerfile", '"yes"', '"yes", "--appendfsync", "always"');
  await type("laptop", "mypaas push server database");
  assertEquals(await visits("gopher.example.org", "Go has seen"), second + 1);
  assertEquals(await visits("counter.example.org", "Python counts"), second + 2);
});

/** Visits a page, which must begin so. @returns its number */
async function visits(host: string, begin: string): Promise<number> {
  const text = await page(host);
  const [, number] = new RegExp(`^200 ${begin} visit (\\d+)\n$`).exec(text) ?? [];
  assert(number !== undefined, text);
  return Number(number);
}

async function change(file: string, from: string, to: string): Promise<void> {
  const text = await Deno.readTextFile(`${home()}/${file}`);
  assertEquals(text.includes(from), true, `${file} has ${from}`);
  await Deno.writeTextFile(`${home()}/${file}`, text.replace(from, to));
}

Deno.test("README, day to day: every line does what it says", async () => {
  await using _web = new FileServer(`${folder}/releases`, WEB_PORT);
  const done = new Set<string>();
  for (const block of blocksOf("Day to day").filter(({ language }) => language === "sh")) {
    await typeAll(block, async (line, shown) => {
      const begin = Object.keys(PROMISES).find((begin) => line.includes(begin));
      assert(begin !== undefined, `nobody looks whether this line does what README says: ${line}`);
      done.add(begin);
      await PROMISES[begin]?.(shown);
    }, "python");
  }
  assertEquals([...done], Object.keys(PROMISES));
});

/** What the lines of a day promise, by how they begin, in README's order. */
const PROMISES: Readonly<Record<string, (shown: string) => Promise<void> | void>> = {
  "mypaas plan": (shown) => assertMatch(shown, /counter is already live: release 2/),
  "mypaas ps": (shown) => assertMatch(shown, /^counter +2 +live +2\/2 /m),
  "mypaas logs": (shown) => assertMatch(shown, / counter\.2\.[12] \| .*"GET \/ HTTP\/1\.1" 200/),
  "mypaas history": (shown) => assertMatch(shown, /^2 +live [^]*\n1 +retired /m),
  "mypaas rollback": async () => void await visits("counter.example.org", "Python has seen"),
  "mypaas restart": () => replicasAre(["counter.4.1", "counter.4.2"]),
  "mypaas scale": () => replicasAre(["counter.5.1", "counter.5.2", "counter.5.3"]),
  "mypaas stats": (shown) => assertMatch(shown, /^counter /m),
  "mypaas stop": async () => assertMatch(await page("counter.example.org"), /^503 /),
  "mypaas start": async () => void await visits("counter.example.org", "Python has seen"),
  "mypaas exec": (shown) => assertEquals(shown, "inside\n"),
  "mypaas run": (shown) => assertEquals(shown, "beside\n"),
  "mypaas env set": () => {},
  "mypaas env list": (shown) => assertMatch(shown, /^PASSWORD /m),
  "mypaas env unset": () => {},
  "mypaas invite": (shown) => assertMatch(shown, /^mypaas login NAME 'https:\S+'$/m),
  "mypaas keys": (shown) => assertMatch(shown, /admin/),
  "mypaas upgrade": (shown) => assertMatch(shown, /^nothing to do: this is /m),
};

/** Waits until the service has these containers: the old ones go behind the answer of a command. */
async function replicasAre(names: readonly string[]): Promise<void> {
  await waitUntil(async () => {
    const found = (await containersOf(serverId, "counter")).map(({ Name }) => Name.replace(/^\/[0-9a-f]+-/, ""));
    return found.join() === names.join();
  }, { what: `the containers are ${names}`, timeoutMs: 20_000, intervalMs: 100 });
}
