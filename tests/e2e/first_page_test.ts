import { assertEquals, assertStringIncludes } from "@std/assert";
import { MAX_CHUNK_BYTES } from "../../src/archive/tree.ts";
import { jsonLines, type Ran, sharedServer, succeeded } from "./lab.ts";
import { containersOf } from "./engine.ts";

const server = sharedServer();

/** The one object of a kind that a command printed. */
function only(ran: Ran, kind: string): Readonly<Record<string, unknown>> {
  const [first, ...more] = jsonLines(ran).filter((line) => line["kind"] === kind);
  assertEquals([first === undefined, more.length], [false, 0], ran.stdout);
  return first ?? {};
}

/** How many blobs of a service are in a store of blobs. */
async function blobs(folder: string, service: string): Promise<number> {
  let count = 0;
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${service}`)) {
    if (!isDirectory) continue;
    for await (const { isFile } of Deno.readDir(`${folder}/${service}/${name}`)) if (isFile) count++;
  }
  return count;
}

/** Runs a printed command line in a shell and gives what it wrote. */
async function shell(line: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("bash", { args: ["-c", line], stdin: "null" }).output();
  const decoder = new TextDecoder();
  assertEquals(code, 0, `${line}\n${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

Deno.test("plan tells what a deploy would do, sends nothing but the Dockerfile, and changes nothing", async () => {
  const options = { domain: "plan.test", volume: ["data:/data", "~/plan:/pages:ro"] };
  const path = await server().project({ name: "plan", options });
  await Deno.writeFile(`${server().folder}/projects/plan/large`, new Uint8Array(3 * MAX_CHUNK_BYTES));
  const { folder, httpPort, layout } = server();

  const there = succeeded(await server().client(["plan", path, "--server", "lab"]));
  assertEquals(await blobs(layout.spool, "plan"), 1);
  const here = succeeded(await server().run(["plan", `${folder}/projects/plan`]));
  assertEquals(await blobs(layout.blobs, "plan"), 1);
  const dry = succeeded(await server().client(["push", "lab", path, "--dry-run"]));
  const lines = there.stdout.trim().split("\n");
  assertEquals(lines.slice(0, 4), [
    "plan: a deploy makes release 1; none is live",
    "start-first: nothing is live that had to stop",
    "1. build plan:1",
    "2. create plan.1.1",
  ]);
  assertStringIncludes(there.stdout, `\nurl: http://plan.test:${httpPort}/\n`);
  assertStringIncludes(there.stdout, "\nvolume: /data is the Docker volume ");
  assertStringIncludes(there.stdout, `\nvolume: /pages is ${layout.defaultVolumes}/plan, read-only; `);
  assertStringIncludes(there.stdout, "\nfiles: 3 files of 3 to send, ");
  const withoutFiles = (ran: Ran) => ran.stdout.replace(/^files: .*$/m, "");
  assertEquals([here, dry].map(withoutFiles), [there, there].map(withoutFiles));
  // The Dockerfile is there by now.
  assertStringIncludes(dry.stdout, "\nfiles: 2 files of 3 to send, ");
  assertEquals(await containersOf(server().serverId, "plan"), []);
  assertEquals(await Deno.lstat(`${layout.defaultVolumes}/plan`).catch(() => "none"), "none");
});

Deno.test("plan is about the difference to the live release, and says when there is none", async () => {
  const page = { name: "again", options: { domain: "again.test" } };
  succeeded(await server().push(page));
  const plan = async () =>
    only(succeeded(await server().client(["plan", path, "--server", "lab", "--json"])), "planned");
  const path = await server().project(page);
  const same = await plan();
  assertEquals([same["alreadyLive"], same["release"], same["steps"]], [true, 1, []]);
  await server().project({ ...page, options: { domain: "again.test", port: 8080, env: ["TOKEN=secret"] } });
  const next = await plan();
  assertEquals([next["alreadyLive"], next["release"], next["liveRelease"], next["order"]], [false, 2, 1, "stop-first"]);
  assertEquals(next["changes"], [
    { option: "port", change: "changed", value: "8080", before: "80" },
    { option: "env", change: "added", value: "TOKEN" },
  ]);
});

Deno.test("a push whose domain does not lead to the server prints a curl line that shows the page", async () => {
  const ran = succeeded(
    await server().push({ name: "first", options: { domain: "first.invalid" }, app: { TEXT: "hi" } }),
  );
  const line = ran.stdout.split("\n").find((each) => each.trim().startsWith("curl "))?.trim() ?? "";
  assertEquals(
    line,
    `curl --resolve first.invalid:${server().httpPort}:127.0.0.1 http://first.invalid:${server().httpPort}/`,
  );
  assertEquals(await shell(`${line} -sS`), "hi");

  const path = await server().project({
    name: "first",
    options: { url: ["https://first.invalid/shop", "http://first.localhost"] },
    app: { TEXT: "safe" },
  });
  const secure = only(succeeded(await server().run(["deploy", path, "--json"])), "unled");
  assertEquals([secure["domain"], secure["leadsTo"], secure["address"]], ["first.invalid", [], "127.0.0.1"]);
  assertStringIncludes(String(secure["command"]), "curl -k --resolve first.invalid:");
  assertEquals(await shell(`${secure["command"]} -sS`), "safe");
});

Deno.test("init --auto-domain gives services without a domain a name that leads to the server", async () => {
  succeeded(await server().init("--auto-domain"));
  await server().untilDaemonAnswers();
  const host = (name: string) => `${name}.127-0-0-1.sslip.io`;
  const ran = succeeded(await server().push({ name: "auto", app: { TEXT: "auto" } }, "--json"));
  const url = `http://${host("auto")}:${server().httpPort}/`;
  assertEquals(only(ran, "live")["urls"], [url]);
  assertEquals(await server().get(host("auto")), { status: 200, text: "auto" });
  const services = jsonLines(succeeded(await server().run(["ps", "--json"])));
  assertEquals(services.find(({ service }) => service === "auto")?.["urls"], [url]);
  const [container] = await containersOf(server().serverId, "auto");
  assertEquals(container?.Config.Labels["traefik.http.routers.auto.rule"], `Host(\`${host("auto")}\`)`);

  succeeded(await server().push({ name: "data", options: { domain: "none" }, app: { TEXT: "data" } }));
  assertEquals((await server().get(host("data"))).status, 404);
  assertEquals(await server().get(host("auto"), `/fetch?url=${encodeURIComponent("http://data/")}`), {
    status: 200,
    text: "data",
  });
});
