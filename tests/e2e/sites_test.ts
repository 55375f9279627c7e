import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { jsonLines, sharedServer, succeeded } from "./lab.ts";
import { type Page, visit } from "./visitor.ts";

const server = sharedServer();

function page(url: string): Promise<Page> {
  return visit(server(), url);
}

/** Where http leads to. */
async function redirectOf(url: string): Promise<string> {
  const { status, location } = await page(url);
  return `${status} ${location}`;
}

Deno.test("https serves the domain over TLS and sends http there; hsts tells browsers to stay", async () => {
  const project = (hsts: string) => ({
    name: "secure",
    options: { domain: "secure.test", https: "true", hsts },
    app: { TEXT: "secure" },
  });
  succeeded(await server().push(project("false")));
  assertEquals(await page("https://secure.test/"), { status: 200, text: "secure" });
  assertEquals(await redirectOf("http://secure.test/a?b"), `308 https://secure.test:${server().httpsPort}/a?b`);
  const ran = succeeded(await server().push(project("true"), "--json"));
  assertEquals(await page("https://secure.test/"), { status: 200, hsts: "max-age=31536000", text: "secure" });
  const live = jsonLines(ran).find(({ kind }) => kind === "live");
  assertEquals(live?.["urls"], [`https://secure.test:${server().httpsPort}/`]);
});

Deno.test("services share a domain by paths: the longest wins, /shop is not /shopping, and the app sees the whole path", async () => {
  const part = (name: string, url: string | readonly string[]) => ({
    name,
    options: { url },
    app: { TEXT: `${name} {path}` },
  });
  succeeded(await server().push(part("root", "http://shared.test")));
  succeeded(await server().push(part("shop", "http://shared.test/shop/")));
  succeeded(await server().push(part("desk", ["http://shared.test/shop/desk", "http://desk.test"])));
  const pages = {
    "/": "root /",
    "/shop": "shop /shop",
    "/shop/": "shop /shop/",
    "/shop/a?b=c": "shop /shop/a",
    "/shopping": "root /shopping",
    "/Shop": "root /Shop",
    "/shop/desk": "desk /shop/desk",
    "/shop/desk/1": "desk /shop/desk/1",
    "/shop/desktop": "shop /shop/desktop",
  };
  for (const [path, text] of Object.entries(pages)) {
    assertEquals(await server().get("shared.test", path), { status: 200, text }, path);
  }
  assertEquals((await server().get("desk.test")).text, "desk /");

  const thief = await server().push(part("thief", "https://shared.test/shop"));
  assertEquals(thief.code, 1, thief.stderr);
  assertStringIncludes(thief.stderr, 'Cannot use the domain "shared.test/shop" for "thief": it belongs to "shop"');
});

Deno.test("a path on its own leaves the rest of the domain to nobody", async () => {
  succeeded(await server().push({ name: "alone", options: { url: "http://alone.test/x" }, app: { TEXT: "{path}" } }));
  assertEquals((await server().get("alone.test", "/x/y")).text, "/x/y");
  for (const path of ["/", "/xy"]) assertEquals((await server().get("alone.test", path)).status, 404, path);
});

Deno.test("one service serves https and http sites side by side", async () => {
  const options = { url: ["https://mixed.test/in", "http://mixed.test"] };
  succeeded(await server().push({ name: "mixed", options, app: { TEXT: "{path}" } }));
  assertEquals((await page("https://mixed.test/in/1")).text, "/in/1");
  assertEquals(await redirectOf("http://mixed.test/in/1"), `308 https://mixed.test:${server().httpsPort}/in/1`);
  assertEquals(await server().get("mixed.test", "/out"), { status: 200, text: "/out" });
});

Deno.test("an international domain answers under its ASCII form, as browsers ask for it", async () => {
  succeeded(await server().push({ name: "umlaut", options: { domain: "bücher.test" }, app: { TEXT: "Bücher" } }));
  assertEquals(await server().get("xn--bcher-kva.test"), { status: 200, text: "Bücher" });
  assertMatch(succeeded(await server().run(["ps"])).stdout, /http:\/\/xn--bcher-kva\.test/);
});

Deno.test("a Dockerfile as for mypaas 0.5 deploys", async () => {
  const options = { url: "http://old.test/hello", maxmem: "128m", maxcpu: "0.5", port: "80" };
  succeeded(await server().push({ name: "old-friend", options, app: { TEXT: "hello" }, nameOption: "service" }));
  assertEquals((await server().get("old.test", "/hello")).text, "hello");
});

Deno.test("a container knows its service, name and scale from its environment", async () => {
  succeeded(await server().push({ name: "known", options: { domain: "known.test" } }));
  const names = ["MYPAAS_SERVICE", "MYPAAS_CONTAINER", "MYPAAS_SCALE", "MYPAAS_PORT"];
  const values = await Promise.all(names.map((name) => server().get("known.test", `/env?name=${name}`)));
  assertEquals(values.map(({ text }) => text), ["known", "known.1.1", "0", "80"]);
});
