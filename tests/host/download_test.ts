import { assertEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { downloadProgram, downloadText } from "../../src/host/download.ts";
import { sha256 } from "../../src/host/hash.ts";
import { tempFolder } from "./temp_folder.ts";

const PROGRAM = "#!/bin/sh\necho 1.2.3\n";

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer(),
  );
}

/** A web server for the time of a test; answers by path. */
async function serving(answers: Readonly<Record<string, () => Response>>, use: (url: string) => Promise<void>) {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return answers[new URL(request.url).pathname]?.() ?? new Response("no", { status: 404 });
  });
  await use(`http://127.0.0.1:${server.addr.port}`);
}

async function names(folder: string): Promise<readonly string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
}

Deno.test("downloadProgram() unpacks what is compressed, takes what is not, and makes it executable", async () => {
  await using folder = await tempFolder();
  const packed = await gzip(PROGRAM);
  await serving({ "/packed": () => new Response(packed), "/plain": () => new Response(PROGRAM) }, async (url) => {
    for (const [name, sent] of [["packed", packed], ["plain", new TextEncoder().encode(PROGRAM)]] as const) {
      const to = `${folder.path}/${name}`;
      await Deno.writeTextFile(to, "left by a power cut");
      await downloadProgram({ url: `${url}/${name}`, sha256: sha256(sent), to });
      const { code, stdout } = await new Deno.Command(to).output();
      assertEquals([code, new TextDecoder().decode(stdout)], [0, "1.2.3\n"]);
    }
  });
});

Deno.test("downloadProgram() takes a file of this machine", async () => {
  await using folder = await tempFolder();
  await Deno.writeFile(`${folder.path}/a`, await gzip(PROGRAM));
  await downloadProgram({ url: `file://${folder.path}/a`, sha256: undefined, to: `${folder.path}/b` });
  assertEquals(await Deno.readTextFile(`${folder.path}/b`), PROGRAM);
  await assertRejects(
    () => downloadProgram({ url: `file://${folder.path}/none`, sha256: undefined, to: `${folder.path}/c` }),
    MyPaasError,
    "there is no such file",
  );
});

Deno.test("downloadProgram() leaves nothing behind: changed, cut off, not there, nobody there", async () => {
  await using folder = await tempFolder();
  const to = `${folder.path}/program`;
  const packed = await gzip(PROGRAM.repeat(1000));
  const broken = () => {
    const pull = (controller: ReadableStreamDefaultController) => controller.error(new Error("broken"));
    const start = (controller: ReadableStreamDefaultController) => controller.enqueue(packed.subarray(0, 30));
    return new Response(new ReadableStream({ start, pull }, { highWaterMark: 0 }));
  };
  const answers = {
    "/changed": () => new Response(packed.map((byte, i) => i === 20 ? byte ^ 1 : byte)),
    "/short": () => new Response(packed.subarray(0, 30)),
    "/broken": broken,
  };
  const expected = {
    changed: "it has the SHA-256",
    short: "it has the SHA-256",
    broken: "it was cut off",
    missing: "the server says 404",
  };
  await serving(answers, async (url) => {
    for (const [path, words] of Object.entries(expected)) {
      const download = { url: `${url}/${path}`, sha256: sha256(packed), to };
      await assertRejects(() => downloadProgram(download), MyPaasError, words);
      assertEquals(await names(folder.path), [], path);
    }
  });
  const nobody = { url: "http://127.0.0.1:1/x", sha256: undefined, to };
  await assertRejects(() => downloadProgram(nobody), MyPaasError, 'Cannot download "http://127.0.0.1:1/x": nothing');
  assertEquals(await names(folder.path), []);
});

Deno.test("downloadProgram() follows no way from http to something less safe", async () => {
  await using folder = await tempFolder();
  const to = `${folder.path}/program`;
  const moved = () => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } });
  await serving({ "/moved": moved, "/plain": () => new Response(PROGRAM) }, async (url) => {
    await assertRejects(() => downloadProgram({ url: `${url}/moved`, sha256: undefined, to }), MyPaasError);
    // A folder that is not there is our bug, not the user's disk.
    const bug = { url: `${url}/plain`, sha256: undefined, to: `${folder.path}/none/program` };
    await assertRejects(() => downloadProgram(bug), Deno.errors.NotFound);
  });
});

Deno.test("downloadText() reads a small file and refuses an endless one", async () => {
  await serving({
    "/VERSION": () => new Response("1.2.3\n"),
    "/long": () => new Response(new Uint8Array(2 << 20)),
  }, async (url) => {
    assertEquals(await downloadText(`${url}/VERSION`), "1.2.3\n");
    await assertRejects(() => downloadText(`${url}/long`), MyPaasError, "it is longer than");
  });
});
