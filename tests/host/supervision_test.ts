import { assertEquals } from "@std/assert";
import { journalEntry } from "../../src/host/journal.ts";
import { answersOn, Supervision } from "../../src/host/supervision.ts";
import { serveUnix } from "../../src/host/serve_unix.ts";
import { waitUntil, within } from "../../src/wait.ts";

/** A socket such as systemd or journald listens on, and what came. */
class Ear implements Disposable {
  readonly path: string;
  readonly #socket: Deno.DatagramConn;

  constructor(path: string) {
    this.path = path;
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
  }

  async next(): Promise<string> {
    const [bytes] = await within(this.#socket.receive(), { what: "a datagram comes", timeoutMs: 5000 });
    return new TextDecoder().decode(bytes);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "mp-notify-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** As systemd names the stream behind standard error. */
async function ownStream(): Promise<string> {
  const { dev, ino } = await Deno.stat("/proc/self/fd/2");
  return `${dev}:${ino}`;
}

Deno.test("under systemd the daemon says that it is ready, what it does, and that it ends", async () => {
  await inFolder(async (folder) => {
    using systemd = new Ear(`${folder}/notify`);
    const env = (name: string) => ({ NOTIFY_SOCKET: systemd.path })[name];
    await using supervision = await Supervision.begin({ env, path: `${folder}/own`, print: () => {} });
    supervision.status("waiting for Docker");
    supervision.ready();
    supervision.stopping();
    assertEquals([await systemd.next(), await systemd.next(), await systemd.next()], [
      "STATUS=waiting for Docker",
      "READY=1",
      "STOPPING=1",
    ]);
    assertEquals((await Deno.stat(`${folder}/own`)).mode, 0o140600);
  });
});

Deno.test("keepAlive() pings three times as often as the watchdog wants, and only while the daemon answers", async () => {
  await inFolder(async (folder) => {
    using systemd = new Ear(`${folder}/notify`);
    const env = (name: string) => ({ NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: "90000" })[name];
    await using supervision = await Supervision.begin({ env, path: `${folder}/own`, print: () => {} });
    const ended = new AbortController();
    const asked: number[] = [];
    const alive = supervision.keepAlive((timeoutMs) => Promise.resolve(asked.push(timeoutMs) !== 2), ended.signal);
    await waitUntil(() => asked.length >= 4, { what: "it was asked four times", timeoutMs: 5000, intervalMs: 5 });
    ended.abort();
    await alive;
    assertEquals(new Set(asked), new Set([30]));
    supervision.stopping();
    const told: string[] = [];
    do told.push(await systemd.next()); while (told.at(-1) !== "STOPPING=1");
    assertEquals(told.filter((text) => text === "WATCHDOG=1").length, asked.length - 1);
  });
});

Deno.test("a line about a release goes to the journal with fields, also one with line breaks", async () => {
  await inFolder(async (folder) => {
    using journal = new Ear(`${folder}/journal`);
    const stream = await ownStream();
    const env = (name: string) => ({ JOURNAL_STREAM: stream })[name];
    const printed: string[] = [];
    const print = (line: string) => printed.push(line);
    await using supervision = await Supervision.begin({ env, path: `${folder}/own`, print, journal: journal.path });
    supervision.log("blog.7: live", { service: "blog", release: 7 });
    supervision.log("two\nlines", { service: "blog" });
    supervision.ready();
    assertEquals(
      await journal.next(),
      "MESSAGE=blog.7: live\nPRIORITY=6\nSYSLOG_IDENTIFIER=mypaas\nMYPAAS_SERVICE=blog\nMYPAAS_RELEASE=7\n",
    );
    assertEquals(
      await journal.next(),
      "MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\nPRIORITY=6\nSYSLOG_IDENTIFIER=mypaas\nMYPAAS_SERVICE=blog\n",
    );
    assertEquals(printed, []);
  });
});

Deno.test("a line that journald does not take is printed", async () => {
  await inFolder(async (folder) => {
    const stream = await ownStream();
    const env = (name: string) => ({ JOURNAL_STREAM: stream })[name];
    const printed = Promise.withResolvers<string>();
    const begun = Supervision.begin({ env, path: `${folder}/own`, print: printed.resolve, journal: `${folder}/none` });
    await using supervision = await begun;
    supervision.log("hello");
    assertEquals(await within(printed.promise, { what: "it is printed", timeoutMs: 5000 }), "hello");
  });
});

Deno.test("without systemd everything is printed, and no socket is made", async () => {
  await inFolder(async (folder) => {
    // A variable that was inherited from a shell in a unit leads to no journal.
    const env = (name: string) => ({ JOURNAL_STREAM: "1:2", WATCHDOG_USEC: "30000000" })[name];
    const printed: string[] = [];
    const print = (line: string) => printed.push(line);
    await using supervision = await Supervision.begin({ env, path: `${folder}/own`, print });
    supervision.log("hello", { service: "blog" });
    supervision.ready();
    await supervision.keepAlive(() => Promise.reject(new Error("asked")), new AbortController().signal);
    assertEquals([printed, await Array.fromAsync(Deno.readDir(folder))], [["hello"], []]);
  });
});

Deno.test("answersOn() is true only when somebody answers in time", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/daemon.sock`;
    assertEquals(await answersOn(path, 1000), false);
    const held = Promise.withResolvers<Response>();
    let answer: Promise<Response> = Promise.resolve(Response.json({}));
    const server = await serveUnix({ path, mode: 0o600 }, () => answer);
    try {
      assertEquals(await answersOn(path, 1000), true);
      answer = held.promise;
      assertEquals(await answersOn(path, 50), false);
    } finally {
      held.resolve(new Response());
      await server.close();
    }
  });
});

Deno.test("journalEntry() counts a value's bytes, not its letters", () => {
  assertEquals(new TextDecoder().decode(journalEntry({ MESSAGE: "ä\n" })), "MESSAGE\n\x03\0\0\0\0\0\0\0ä\n\n");
});
