import { assertEquals } from "@std/assert";
import { proxyName, proxyOf } from "../../src/host/proxy.ts";

function found(url: string, variables: Record<string, string>): string | undefined {
  const proxy = proxyOf(new URL(url), (name) => variables[name]);
  return proxy && proxyName(proxy);
}

Deno.test("proxyOf() reads the environment as Deno's fetch does", () => {
  const cases: readonly [Record<string, string>, string | undefined][] = [
    [{}, undefined],
    [{ HTTPS_PROXY: "http://proxy.lan:3128" }, "http://proxy.lan:3128 (HTTPS_PROXY)"],
    [{ https_proxy: "proxy.lan" }, "http://proxy.lan:80 (https_proxy)"],
    [{ HTTPS_PROXY: "http://a:1", ALL_PROXY: "socks5://b" }, "socks5://b:1080 (ALL_PROXY)"],
    [{ HTTP_PROXY: "http://a:1" }, undefined],
    [{ HTTPS_PROXY: "ftp://a:1" }, undefined],
    [{ HTTPS_PROXY: "" }, undefined],
    [{ HTTPS_PROXY: "http://user@a:1" }, undefined],
  ];
  for (const [variables, name] of cases) assertEquals(found("https://shop.example", variables), name);
  assertEquals(found("http://127.0.0.1", { HTTPS_PROXY: "http://a:1" }), undefined);
});

Deno.test("proxyOf() keeps the password for the proxy and out of its name", () => {
  const proxy = proxyOf(
    new URL("https://a"),
    (name) => name === "HTTPS_PROXY" ? "http://ann:p%40ss@proxy:1" : undefined,
  );
  assertEquals(proxy?.authorization, `Basic ${btoa("ann:p@ss")}`);
  assertEquals(proxy && proxyName(proxy), "http://proxy:1 (HTTPS_PROXY)");
});

Deno.test("proxyOf() leaves out what NO_PROXY names", () => {
  const exempt = (url: string, list: string) => found(url, { HTTPS_PROXY: "http://a:1", NO_PROXY: list }) === undefined;
  const yes = [
    ["https://shop.example", "shop.example"],
    ["https://www.shop.example", "shop.example"],
    ["https://www.shop.example", "x, .shop.example"],
    ["https://any.where", "*"],
    ["https://10.1.2.3:8443", "10.1.2.3"],
    ["https://10.1.2.3", "10.1.0.0/16"],
    ["https://[::1]", "::1"],
  ] as const;
  const no = [
    ["https://myshop.example", "shop.example"],
    ["https://10.2.2.3", "10.1.0.0/16"],
    ["https://10.1.2.3", "*"],
    ["https://shop.example", ""],
  ] as const;
  for (const [url, list] of yes) assertEquals(exempt(url, list), true, `${url} ${list}`);
  for (const [url, list] of no) assertEquals(exempt(url, list), false, `${url} ${list}`);
});
