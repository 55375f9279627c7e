import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { NotWrittenError } from "../../src/error.ts";
import { TraefikTable } from "../../src/host/traefik_table.ts";
import { readBackRouter } from "../../src/traefik/route_file.ts";
import { waitUntil } from "../../src/wait.ts";
import { tempFolder } from "./temp_folder.ts";

const ROUTE = {
  service: "blog",
  sites: [{ domain: "blog.example", path: "/", https: false }],
  hsts: false,
  port: 80,
  addresses: ["10.0.0.2"],
  holdSeconds: 15,
} as const;

/** The first line is the rule that Traefik's API shows for this table. */
function render(routes: readonly { readonly service: string }[], generation: number): string {
  return `${readBackRouter(generation).rule}\n${routes.map(({ service }) => service).join("\n")}\n`;
}

/** A Traefik that goes by the route file at once; the real one is tried in tests/engine/traefik_table_test.ts. */
async function scene() {
  const folder = await tempFolder();
  const routesFile = `${folder.path}/routes.yml`;
  const traefik = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async () => {
    const [rule] = (await Deno.readTextFile(routesFile).catch(() => "")).split("\n");
    return Response.json({ rule });
  });
  const logged: string[] = [];
  const table = new TraefikTable({
    routesFile,
    render,
    apiUrl: `http://127.0.0.1:${traefik.addr.port}`,
    user: "mypaas",
    password: "",
    timeoutMs: 2000,
    log: (line) => void logged.push(line),
  });
  return {
    table,
    routesFile,
    logged,
    folder: folder.path,
    [Symbol.asyncDispose]: async () => {
      await traefik.shutdown();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const HARMS = {
  truncated: (path: string) => Deno.truncate(path),
  removed: (path: string) => Deno.remove(path),
  "edited in place": (path: string) => Deno.writeTextFile(path, "other routes"),
  replaced: async (path: string) => {
    await Deno.writeTextFile(`${path}.new`, "other routes");
    await Deno.rename(`${path}.new`, path);
  },
};

for (const [what, harm] of Object.entries(HARMS)) {
  Deno.test(`watch() writes a route file again that somebody has ${what}, once`, async () => {
    await using bench = await scene();
    const stop = new AbortController();
    const watching = bench.table.watch(stop.signal);
    await bench.table.apply([ROUTE]);
    await harm(bench.routesFile);
    await waitUntil(() => bench.logged.length > 0, { what: "it is noticed", timeoutMs: 5000 });
    await bench.table.apply([ROUTE]);
    assertStringIncludes(await Deno.readTextFile(bench.routesFile), "blog");
    assertEquals(bench.logged, [`somebody else changed ${bench.routesFile}: it is written again`]);
    stop.abort();
    await watching;
  });
}

Deno.test("watch() takes nothing that the daemon writes for somebody else's", async () => {
  await using bench = await scene();
  const stop = new AbortController();
  const watching = bench.table.watch(stop.signal);
  for (let i = 0; i < 20; i++) await bench.table.apply(i % 2 === 0 ? [ROUTE] : []);
  stop.abort();
  await watching;
  assertEquals(bench.logged, []);
});

Deno.test("apply() says that nothing was written when the folder is gone", async () => {
  await using bench = await scene();
  await bench.table.apply([ROUTE]);
  await Deno.remove(bench.folder, { recursive: true });
  const error = await assertRejects(() => bench.table.apply([ROUTE]), NotWrittenError);
  assertStringIncludes(error.message, `Cannot write the routes into "${bench.routesFile}": No such file`);
  await Deno.mkdir(bench.folder);
});
