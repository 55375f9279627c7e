import { assertEquals, assertRejects } from "@std/assert";
import { type EndSignal, followSession, type Session, type SessionTerminal } from "../../src/client/session.ts";
import { MyPaasError } from "../../src/error.ts";
import { waitUntil } from "../../src/wait.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A command and a terminal in memory. What happens is in `log`. */
class Scene {
  readonly log: string[] = [];
  readonly over = Promise.withResolvers<void>();
  /** What the command writes before it waits for `over`. */
  readonly written: readonly (readonly ["stdout" | "stderr", string])[];
  readonly typed: readonly string[];
  code = 0;
  reaches = true;
  reads = true;
  runs = true;
  onSignal: (signal: EndSignal) => void = () => {};
  onResize: () => void = () => {};

  constructor(
    { written = [], typed = [] }: {
      readonly written?: readonly (readonly ["stdout" | "stderr", string])[];
      readonly typed?: readonly string[];
    } = {},
  ) {
    this.written = written;
    this.typed = typed;
  }

  note(text: string): void {
    this.log.push(text);
  }

  get session(): Session & Disposable {
    return {
      name: "sh",
      output: this.#output(),
      write: (bytes) => Promise.resolve(this.note(`write ${decode(bytes)}`)),
      endInput: () => Promise.resolve(this.note("end of input")),
      resize: ({ rows, columns }) => {
        this.note(`resize ${rows} ${columns}`);
        return Promise.resolve(this.runs);
      },
      signal: (signal) => {
        this.note(signal);
        return Promise.resolve(this.reaches);
      },
      exitCode: () => Promise.resolve(this.code),
      [Symbol.dispose]: () => this.note("closed"),
    };
  }

  get terminal(): SessionTerminal {
    return {
      input: ReadableStream.from(this.typed.map(encode)),
      write: (stream, bytes) => {
        this.note(`${stream} ${decode(bytes)}`);
        return Promise.resolve(this.reads);
      },
      size: () => ({ rows: 24, columns: 80 }),
      raw: () => {
        this.note("raw");
        return { [Symbol.dispose]: () => this.note("cooked") };
      },
      onResize: (call) => {
        this.onResize = call;
        return { [Symbol.dispose]: () => {} };
      },
      onSignal: (call) => {
        this.onSignal = call;
        return { [Symbol.dispose]: () => this.note("signals off") };
      },
    };
  }

  follow(options: { readonly stdin?: boolean; readonly tty?: boolean } = {}): Promise<number> {
    const open = () => Promise.resolve(this.session);
    return followSession(open, this.terminal, { stdin: false, tty: false, ...options });
  }

  async *#output() {
    for (const [stream, text] of this.written) yield { stream, bytes: encode(text) };
    await this.over.promise;
  }
}

/** Lets all that is fulfilled already happen. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

Deno.test("followSession() copies both streams and gives the exit code", async () => {
  const scene = new Scene({ written: [["stdout", "a"], ["stderr", "b"], ["stdout", "c"]] });
  scene.code = 7;
  scene.over.resolve();
  assertEquals(await scene.follow(), 7);
  assertEquals(scene.log, ["stdout a", "stderr b", "stdout c", "closed", "signals off"]);
});

Deno.test("followSession() hands input on and ends it, and takes none that is not asked for", async () => {
  const scene = new Scene({ typed: ["one", "two"] });
  const following = scene.follow({ stdin: true });
  await waitUntil(() => scene.log.includes("end of input"), { what: "it ends", timeoutMs: 2000, intervalMs: 5 });
  scene.over.resolve();
  await following;
  assertEquals(scene.log.slice(0, 3), ["write one", "write two", "end of input"]);
  const without = new Scene({ typed: ["one"] });
  without.over.resolve();
  await without.follow();
  assertEquals(without.log.includes("write one"), false);
});

Deno.test("followSession() puts the terminal back when the connection breaks", async () => {
  const scene = new Scene();
  scene.over.reject(new MyPaasError("Cannot go on: broken"));
  await assertRejects(() => scene.follow({ stdin: true, tty: true }), MyPaasError, "broken");
  assertEquals([scene.log.filter((line) => line === "raw").length, scene.log.slice(-3)], [
    1,
    ["cooked", "closed", "signals off"],
  ]);
});

Deno.test("followSession() tells the size at the start, again until it is taken, and at each change", async () => {
  const scene = new Scene();
  scene.runs = false;
  const following = scene.follow({ tty: true });
  const sizes = () => scene.log.filter((line) => line === "resize 24 80").length;
  await settled();
  assertEquals(sizes(), 1);
  scene.runs = true;
  await waitUntil(() => sizes() === 2, { what: "it is told again", timeoutMs: 2000, intervalMs: 5 });
  scene.onResize();
  await settled();
  assertEquals(sizes(), 3);
  scene.over.resolve();
  await following;
});

Deno.test("followSession() tells one size after the other, the last one last", async () => {
  const scene = new Scene();
  const { session } = scene;
  const slow = Promise.withResolvers<void>();
  const resize = async (size: { rows: number; columns: number }) => {
    const told = await session.resize(size);
    await slow.promise;
    return told;
  };
  const open = () => Promise.resolve({ ...session, resize });
  const following = followSession(open, scene.terminal, { stdin: false, tty: true });
  await settled();
  scene.onResize();
  scene.onResize();
  await settled();
  assertEquals(scene.log, ["resize 24 80"]);
  slow.resolve();
  await settled();
  assertEquals(scene.log, ["resize 24 80", "resize 24 80", "resize 24 80"]);
  scene.over.resolve();
  await following;
});

Deno.test("followSession() does as a pipe does when nobody reads", async () => {
  const scene = new Scene({ written: [["stdout", "a"], ["stdout", "b"]] });
  scene.reads = false;
  scene.over.resolve();
  await scene.follow();
  assertEquals(scene.log.slice(0, 2), ["stdout a", "SIGPIPE"]);
  assertEquals(scene.log.includes("stdout b"), false);
});

Deno.test("followSession() passes a first signal on, kills at the second and leaves at the third", async () => {
  const scene = new Scene();
  const following = scene.follow();
  await settled();
  scene.onSignal("SIGINT");
  scene.onSignal("SIGINT");
  await settled();
  assertEquals(scene.log, ["SIGINT", "SIGKILL"]);
  scene.onSignal("SIGTERM");
  await assertRejects(() => following, MyPaasError, 'Cannot end "sh": it was killed and is still there');
});

Deno.test("followSession() leaves a command that signals cannot reach", async () => {
  const scene = new Scene();
  scene.reaches = false;
  const following = scene.follow();
  await settled();
  scene.onSignal("SIGTERM");
  await assertRejects(() => following, MyPaasError, 'Cannot end "sh": SIGTERM cannot reach it from here');
});

Deno.test("followSession() passes a signal on that came while the command was being opened", async () => {
  const scene = new Scene();
  const opened = Promise.withResolvers<void>();
  const open = () => opened.promise.then(() => scene.session);
  const following = followSession(open, scene.terminal, { stdin: false, tty: false });
  scene.onSignal("SIGHUP");
  await settled();
  assertEquals(scene.log, []);
  opened.resolve();
  await settled();
  assertEquals(scene.log, ["SIGHUP"]);
  scene.over.resolve();
  assertEquals(await following, 0);
});
