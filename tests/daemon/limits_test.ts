import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { serveUnix } from "../../src/host/serve_unix.ts";
import { BenchDaemon } from "./bench_daemon.ts";

for (const path of ["/v1/login", "/v1/verify"]) {
  Deno.test(`POST ${path}, which nobody has signed, may have no large body`, async () => {
    await using daemon = await BenchDaemon.start();
    const body = new Uint8Array(65 << 10);
    const response = await daemon.gate(new Request(`http://daemon${path}`, { method: "POST", body }));
    assertEquals(response.status, 413);
    assertStringIncludes(await response.text(), "it is longer than 65536 bytes");
  });
}

for (const url of ["http://[::1/v1/hello", "http://a b/v1/hello", "*"]) {
  Deno.test(`a request whose address is ${url} is no bug of the server`, async () => {
    await using daemon = await BenchDaemon.start();
    const response = await daemon.gate(Object.create(new Request("http://daemon/"), { url: { value: url } }));
    assertEquals([response.status, daemon.logged], [400, []]);
    assertStringIncludes(await response.text(), "Cannot read the request: its address is none");
  });
}

Deno.test("a request names one service, and one that can be", async () => {
  await using daemon = await BenchDaemon.start();
  const ann = await daemon.laptop({ scope: ["blog"] });
  for (
    const [query, says] of [
      ["service=blog&service=shop", "it names more than one service"],
      [`service=${"a".repeat(4000)}`, "must be the name of a service"],
      ["service=../blog", "must be the name of a service"],
      ["", "it does not name a service"],
    ]
  ) {
    const { status, text } = await daemon.ask(ann, `POST /v1/deploy?${query}`, {});
    assertEquals(status, 400, query);
    assertStringIncludes(text, String(says));
  }
  const lines = daemon.audit.lines(9);
  assertEquals(lines.map(({ actor, count }) => [actor, count]), [[`ann (${ann.id})`, 4]]);
  assert(JSON.stringify(lines).length < 1000);
});

Deno.test("who is refused hears so, however much it is still sending", async () => {
  await using daemon = await BenchDaemon.start();
  const path = `${await Deno.makeTempDir()}/gate.sock`;
  const server = await serveUnix({ path, mode: 0o600 }, daemon.gate);
  const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
  try {
    for (const [where, status] of [["deploy?service=blog", 401], ["verify", 413], ["nothing", 400]] as const) {
      for (let n = 0; n < 30; n++) {
        const body = new Uint8Array(300_000);
        const response = await fetch(`http://daemon/v1/${where}`, { client, method: "POST", body });
        assertEquals(response.status, status, await response.text());
      }
    }
  } finally {
    client.close();
    await server.close();
  }
});
