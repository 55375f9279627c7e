import { assertEquals } from "@std/assert";
import { renderUnledSites, unledSites } from "../../src/client/first_page.ts";

const DNS: Readonly<Record<string, readonly string[]>> = {
  "192.0.2.7": ["192.0.2.7"],
  "paas.example": ["192.0.2.7", "2001:db8::7"],
  "here.example": ["192.0.2.7"],
  "here6.example": ["2001:db8::7"],
  "there.example": ["198.51.100.1"],
  "six.example": ["2001:db8::1"],
  "blog.localhost": ["127.0.0.1", "::1"],
};

function lookup(host: string): Promise<readonly string[]> {
  return Promise.resolve(DNS[host] ?? []);
}

/** The lines that are printed for these sites. */
async function lines(urls: readonly string[], server = "192.0.2.7", here = false): Promise<readonly string[]> {
  return renderUnledSites(await unledSites(urls, { server, here, lookup }));
}

Deno.test("a domain that leads to the server needs no line, by whichever of its addresses", async () => {
  assertEquals(await lines(["http://here.example/"]), []);
  assertEquals(await lines(["http://here.example/", "https://here6.example/"], "paas.example"), []);
  assertEquals(await lines(["http://blog.localhost/"], "192.0.2.7", true), []);
});

Deno.test("a domain without an address gets a curl line with the server's", async () => {
  assertEquals(await lines(["http://new.example:8080/shop"], "paas.example"), [
    "new.example has no address yet: its DNS record should lead to 192.0.2.7. Until then:",
    "  curl --resolve new.example:8080:192.0.2.7 http://new.example:8080/shop",
  ]);
});

Deno.test("a domain that leads elsewhere is told so; https takes any certificate, and says why", async () => {
  assertEquals(await lines(["https://there.example/"]), [
    "there.example leads to 198.51.100.1, not to this server (192.0.2.7). Until it does:",
    "  curl -k --resolve there.example:443:192.0.2.7 https://there.example/",
    "  (-k because no authority signs a certificate for a domain that does not lead here)",
  ]);
  assertEquals(
    (await lines(["http://blog.localhost/"]))[1],
    "  curl --resolve blog.localhost:80:192.0.2.7 http://blog.localhost/",
  );
});

Deno.test("each domain gets one line, with its first site", async () => {
  const urls = ["http://new.example/a", "http://new.example/b", "http://other.example/"];
  const commands = (await unledSites(urls, { server: "192.0.2.7", here: false, lookup })).map(({ command }) => command);
  assertEquals(commands, [
    "curl --resolve new.example:80:192.0.2.7 http://new.example/a",
    "curl --resolve other.example:80:192.0.2.7 http://other.example/",
  ]);
});

Deno.test("what a server tells comes into no command unless it can be a site", async () => {
  const urls = [
    "http://new.example/$(id)",
    "http://new.example/';id",
    "http://$(id).example/",
    "http://u:p@new.example/",
    "http://new.example/?a=`id`",
    "javascript:alert(1)",
    "no url",
  ];
  assertEquals(await lines(urls), []);
});

Deno.test("there is no line when the server's own address is not known, or is IPv6 only", async () => {
  assertEquals(await lines(["http://new.example/"], "unknown.example"), []);
  assertEquals(await lines(["http://new.example/"], "six.example"), []);
});
