import { assert, assertEquals } from "@std/assert";
import { establishedConnections, listeners, parseTcpTable } from "../../src/host/proc_net.ts";
import { portOwner } from "../../src/host/port_owner.ts";
import { waitUntil } from "../../src/wait.ts";
import { startChild } from "./child.ts";
import { tempFolder } from "./temp_folder.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const REST = "00000000:00000000 00:00000000 00000000     0        0";

Deno.test("parseTcpTable() reads the tables of the kernel", () => {
  const tcp = HEAD +
    `   0: 0100007F:1F40 00000000:0000 0A ${REST} 11915 1 0000000000000000 100 0 0 10 0\n` +
    `   1: 0B001FAC:0050 0A001FAC:9C40 01 ${REST} 11916 1 0000000000000000 20 4 30 10 -1\n` +
    `   2: 0B001FAC:0050 0A001FAC:9C41 06 ${REST} 0 3 0000000000000000\n`;
  assertEquals(parseTcpTable(tcp), [
    { address: "127.0.0.1", port: 8000, state: "listen", inode: "11915" },
    { address: "172.31.0.11", port: 80, state: "established", inode: "11916" },
    { address: "172.31.0.11", port: 80, state: "other", inode: "0" },
  ]);
});

Deno.test("parseTcpTable() reads IPv6, and IPv4 inside of it as IPv4", () => {
  const zero = "0".repeat(32);
  const line = (address: string) => `   0: ${address}:0050 ${zero}:0000 0A ${REST} 7 1 0000000000000000 100 0 0 10 0\n`;
  const tcp6 = HEAD + line(zero) + line(`${"0".repeat(24)}01000000`) + line("0000000000000000FFFF00000B001FAC") +
    line("B80D0120000000000000000001000000");
  assertEquals(parseTcpTable(tcp6).map(({ address }) => address), ["::", "::1", "172.31.0.11", "2001:db8::1"]);
  assertEquals(parseTcpTable(""), []);
});

Deno.test("listeners() and establishedConnections() see what a process serves, IPv4 and IPv6", async () => {
  await using child = await startChild(`
    const servers = [Deno.listen({ hostname: "127.0.0.1", port: 0 }), Deno.listen({ hostname: "::", port: 0 })];
    console.log(JSON.stringify(servers.map((server) => server.addr.port)));
    for (const server of servers) (async () => { for await (const _ of server); })();
  `);
  const [v4 = 0, v6 = 0]: number[] = JSON.parse(child.line);
  const found = await listeners(child.pid);
  assert(found.some(({ address, port }) => address === "127.0.0.1" && port === v4));
  assert(found.some(({ address, port }) => address === "::" && port === v6));
  for (const port of [v4, v6]) {
    assertEquals(await establishedConnections(child.pid, port), 0);
    using _first = await Deno.connect({ hostname: "127.0.0.1", port });
    const second = await Deno.connect({ hostname: "127.0.0.1", port });
    await waitUntil(async () => await establishedConnections(child.pid, port) === 2, {
      what: "both connections are seen",
      timeoutMs: 5000,
    });
    second.close();
    await waitUntil(async () => await establishedConnections(child.pid, port) === 1, {
      what: "the closed connection is not seen",
      timeoutMs: 5000,
    });
  }
});

Deno.test("listeners() and establishedConnections() find nothing when the process is gone", async () => {
  await using folder = await tempFolder();
  assertEquals(await establishedConnections(4_000_000, 80, folder.path), 0);
  let pid: number;
  {
    await using child = await startChild(`console.log("here"); setInterval(() => {}, 1000)`);
    pid = child.pid;
  }
  assertEquals([await listeners(pid), await establishedConnections(pid, 80)], [[], 0]);
});

Deno.test("portOwner() names the process that has a port", async () => {
  await using child = await startChild(`
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    console.log(server.addr.port);
    for await (const _ of server);
  `);
  assertEquals(await portOwner(Number(child.line)), `deno (pid ${child.pid})`);
});

Deno.test("portOwner() knows when nobody listens", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr;
  assertEquals(await portOwner(port), `deno (pid ${Deno.pid})`);
  server.close();
  assertEquals(await portOwner(port), undefined);
});
