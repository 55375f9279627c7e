import { assertEquals, assertRejects } from "@std/assert";
import { NotWrittenError } from "../../src/error.ts";
import { type CollectOptions, SpoolRoom, type SpoolRoomParts } from "../../src/receiver/spool_room.ts";
import { waitUntil } from "../../src/wait.ts";

const MIB = 2 ** 20;

/** A disk of which a collection frees what the test says. */
class Scene {
  free = 1000 * MIB;
  /** What is stored, and what of it each collection may free. */
  taken = 0;
  idle = 0;
  now = 0;
  readonly logged: string[] = [];
  /** The scope of every question for the keep-list. */
  readonly asked: string[] = [];
  failure: Error | undefined;
  readonly room: SpoolRoom;

  constructor(change: Partial<SpoolRoomParts> = {}) {
    this.room = new SpoolRoom({
      disk: { space: () => ({ free: this.free, reserve: 50 * MIB }), collect: (options) => this.#collect(options) },
      spoolBytes: 100 * MIB,
      kept: (_service, scope) => {
        this.asked.push(scope);
        return Promise.resolve(new Set());
      },
      now: () => this.now,
      log: (line) => void this.logged.push(line),
      ...change,
    });
  }

  async #collect({ mostBytes, kept }: CollectOptions): Promise<number> {
    if (this.failure !== undefined) throw this.failure;
    await kept("web");
    const freed = Math.max(0, Math.min(this.idle, this.taken - mostBytes(this.taken)));
    this.taken -= freed;
    this.idle -= freed;
    this.free += freed;
    return this.taken;
  }

  /** Uploads one blob; the sentence and hint of a refusal. */
  async take(bytes: number): Promise<string | undefined> {
    try {
      await this.room.take([bytes]);
    } catch (error) {
      if (!(error instanceof NotWrittenError)) throw error;
      return `${error.message} (${error.hint})`;
    }
    this.taken += bytes;
    this.free -= bytes;
    return undefined;
  }

  /** Waits until so many questions were asked. */
  async untilAsked(count: number): Promise<void> {
    await waitUntil(() => this.asked.length >= count, { what: "it has asked", timeoutMs: 5000, intervalMs: 1 });
  }
}

Deno.test("SpoolRoom refuses what would take the disk's reserve, with one sentence", async () => {
  const scene = new Scene();
  scene.free = 60 * MIB;
  assertEquals(
    await scene.take(11 * MIB),
    "Cannot store what was sent: the disk is full (Free some space on the server: df -h. The last 50 MiB are not given to uploads.)",
  );
  assertEquals(await scene.take(10 * MIB), undefined);
});

/** A room whose first look at the disk is over: so much is taken. */
async function looked(taken: number, change: Partial<SpoolRoomParts> = {}): Promise<Scene> {
  const scene = new Scene(change);
  scene.taken = taken;
  await scene.take(0);
  await scene.untilAsked(1);
  scene.now += 60_000;
  return scene;
}

const FULL =
  "Cannot store what was sent: pushes take 100 MiB already, which is all they may (Try again in an hour, when what is left over from other pushes can go, or on the server: mypaas init --spool-size.)";

Deno.test("SpoolRoom collects when the spool is full, and the upload goes on", async () => {
  const scene = await looked(80 * MIB);
  assertEquals(await scene.take(15 * MIB), undefined);
  scene.idle = 50 * MIB;
  for (let n = 0; n < 4; n++) assertEquals(await scene.take(10 * MIB), undefined);
  assertEquals([scene.taken, scene.idle], [100 * MIB, 15 * MIB]);
});

Deno.test("SpoolRoom makes room for several uploads at the same time", async () => {
  const scene = await looked(80 * MIB);
  await scene.take(15 * MIB);
  scene.idle = 50 * MIB;
  const takes = [1, 2, 3].map(() => scene.take(8 * MIB));
  assertEquals(await Promise.all(takes), [undefined, undefined, undefined]);
});

Deno.test("SpoolRoom gives up the blobs of releases that do not run before it refuses an upload", async () => {
  const scene = await looked(80 * MIB);
  scene.asked.length = 0;
  assertEquals(await scene.take(30 * MIB), FULL);
  assertEquals(scene.asked, ["all", "live"]);
});

Deno.test("SpoolRoom looks for space once in a while, however often it is asked", async () => {
  const scene = await looked(80 * MIB);
  scene.asked.length = 0;
  for (let n = 0; n < 5; n++) assertEquals(await scene.take(30 * MIB), FULL);
  assertEquals(scene.asked.length, 2);
  scene.idle = 40 * MIB;
  scene.now += 30_000;
  assertEquals(await scene.take(30 * MIB), undefined);
});

Deno.test("SpoolRoom collects once an hour behind the uploads", async () => {
  const scene = await looked(10 * MIB);
  scene.asked.length = 0;
  await scene.take(MIB);
  scene.now += 60 * 60_000;
  await scene.take(MIB);
  await scene.untilAsked(1);
});

Deno.test("SpoolRoom counts a small blob as what it takes of a file system", async () => {
  const scene = await looked(0);
  // One was taken for the look.
  await scene.room.take(Array.from({ length: 100 * 64 - 1 }, () => 1));
  scene.taken = 100 * MIB;
  await assertRejects(() => scene.room.take([1]), NotWrittenError, "pushes take 100 MiB already");
});

Deno.test("SpoolRoom takes uploads when it cannot collect, and says why it could not", async () => {
  const scene = new Scene();
  scene.failure = new Error("the daemon is away");
  assertEquals(await scene.take(MIB), undefined);
  await waitUntil(() => scene.logged.length > 0, { what: "it is logged", timeoutMs: 5000, intervalMs: 1 });
  assertEquals(scene.logged, ["collecting stored files: the daemon is away"]);
});
