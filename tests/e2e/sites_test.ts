import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { connect } from "node:tls";
import { within } from "../../src/wait.ts";
import { jsonLines, sharedServer, succeeded } from "./lab.ts";

const server = sharedServer();

interface HttpsAnswer {
  readonly status: number;
  readonly hsts: string | undefined;
  readonly text: string;
}

/** Asks for a page over https as a visitor does who takes any certificate. HTTP/1.0, so that the body comes as it is. */
async function getHttps(host: string, path = "/"): Promise<HttpsAnswer> {
  const options = { host: "127.0.0.1", port: server().httpsPort, servername: host, rejectUnauthorized: false };
  const answer = new Promise<string>((resolve, reject) => {
    let text = "";
    const socket = connect(options, () => socket.write(`GET ${path} HTTP/1.0\r\nHost: ${host}\r\n\r\n`));
    socket.setEncoding("utf8").on("data", (part: string) => text += part).on("end", () => resolve(text));
    socket.on("error", reject);
  });
  const [head = "", text = ""] = (await within(answer, { what: `https://${host} answers`, timeoutMs: 20_000 })).split(
    "\r\n\r\n",
  );
  const status = Number(/^HTTP\/1\.\d (\d+)/.exec(head)?.[1]);
  return { status, hsts: /^strict-transport-security: (.*)$/im.exec(head)?.[1]?.trim(), text };
}

/** Where http leads to. */
async function redirectOf(host: string, path = "/"): Promise<string> {
  using client = Deno.createHttpClient({ allowHost: true, poolMaxIdlePerHost: 0 });
  const response = await fetch(server().url + path, { client, headers: { host }, redirect: "manual" });
  await response.body?.cancel();
  return `${response.status} ${response.headers.get("location")}`;
}

Deno.test("https serves the domain over TLS and sends http there; hsts tells browsers to stay", async () => {
  const page = (hsts: string) => ({
    name: "secure",
    options: { domain: "secure.test", https: "true", hsts },
    app: { TEXT: "secure" },
  });
  succeeded(await server().push(page("false")));
  assertEquals(await getHttps("secure.test"), { status: 200, hsts: undefined, text: "secure" });
  assertEquals(await redirectOf("secure.test", "/a?b"), `301 https://secure.test:${server().httpsPort}/a?b`);
  const ran = succeeded(await server().push(page("true"), "--json"));
  assertEquals(await getHttps("secure.test"), { status: 200, hsts: "max-age=31536000", text: "secure" });
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
  assertEquals((await getHttps("mixed.test", "/in/1")).text, "/in/1");
  assertEquals(await redirectOf("mixed.test", "/in/1"), `301 https://mixed.test:${server().httpsPort}/in/1`);
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
