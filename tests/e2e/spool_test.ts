import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readIgnore } from "../../src/archive/context_list.ts";
import { connectTo } from "../../src/cli/connect.ts";
import { followDeploy } from "../../src/client/follow_deploy.ts";
import { MyPaasError } from "../../src/error.ts";
import { findDockerfile } from "../../src/host/dockerfile_path.ts";
import { sha256 } from "../../src/host/hash.ts";
import { processTerminal } from "../../src/host/terminal.ts";
import { diskTree } from "../../src/host/tree.ts";
import { scanTree } from "../archive/scan_tree.ts";
import { sharedServer, succeeded } from "./lab.ts";

const server = sharedServer();

// The receiver writes the spool, so what lies there may be anything once it is taken over.

/** Where a blob of a service lies in the spool. */
function blobPath(service: string, digest: string): string {
  return `${server().layout.spool}/${service}/${digest.slice(0, 2)}/${digest}`;
}

/** Asks for a deploy of what the spool has, as a push does after its uploads. */
async function deployFromSpool(service: string, dockerfile: string): Promise<void> {
  const { folder } = await findDockerfile(dockerfile);
  const ignore = await readIgnore(diskTree(folder), "Dockerfile");
  const { manifest } = await scanTree(diskTree(folder), { ignore, dockerfile: "Dockerfile" });
  const request = { service, dockerfile: "Dockerfile", manifest, force: true, dryRun: false };
  const env = (name: string) => server().laptop()[name];
  const connection = await connectTo("lab", { root: "/", env, cwd: "/", terminal: processTerminal() });
  try {
    const body = new TextEncoder().encode(JSON.stringify(request));
    await followDeploy(
      connection,
      { start: { method: "POST", path: `/v1/deploy?service=${service}` }, body },
      () => {},
    );
  } finally {
    connection.close();
  }
}

const PLANTS: readonly (readonly [string, (path: string, size: number) => Promise<void>])[] = [
  ["a link to another file of the same content", async (path) => {
    await Deno.rename(path, `${path}.real`);
    await Deno.symlink(`${path}.real`, path);
  }],
  ["a pipe", async (path) => {
    await Deno.remove(path);
    const made = await new Deno.Command("mkfifo", { args: [path] }).output();
    assertEquals(made.code, 0);
  }],
  ["a link to a folder of the daemon's own blobs", async (path) => {
    const [folder, own] = [path.slice(0, path.lastIndexOf("/")), `${server().layout.blobs}/own`];
    await Deno.rename(folder, own);
    await Deno.chown(`${own}/${path.slice(folder.length + 1)}`, 0, 0);
    await Deno.symlink(own, folder);
  }],
  ["other bytes of the same length", async (path, size) => {
    await Deno.writeTextFile(path, "#".repeat(size));
  }],
];

const DAMAGES: readonly (readonly [string, (path: string, size: number) => Promise<void>])[] = [
  ["holds other bytes", async (path, size) => await Deno.writeTextFile(path, "#".repeat(size))],
  ["was cut to half", async (path, size) => await Deno.truncate(path, size >> 1)],
  ["is gone", async (path) => await Deno.remove(path)],
];

for (const [index, [what, damage]] of DAMAGES.entries()) {
  Deno.test(`a stored part that ${what} is sent again, at the latest by the second push`, async () => {
    const name = `mended${index}`;
    const project = { name, options: { domain: `${name}.test` }, app: { TEXT: "before" } };
    const dockerfile = await server().project(project);
    const kept = new TextEncoder().encode(`kept by ${name}`);
    await Deno.writeFile(`${dockerfile.slice(0, dockerfile.lastIndexOf("/"))}/kept.txt`, kept);
    succeeded(await server().push(project));
    await damage(blobPath(name, sha256(kept)), kept.length);
    const changed = { ...project, app: { TEXT: "after" } };
    const first = await server().push(changed);
    if (first.code !== 0) {
      assertStringIncludes(first.stderr, `the stored part "${sha256(kept)}"`);
      assertStringIncludes(first.stderr, "Push again");
      assertEquals((await server().get(`${name}.test`)).text, "before");
      succeeded(await server().push(changed));
    }
    assertEquals(await server().get(`${name}.test`), { status: 200, text: "after" });
    assertEquals(await Deno.readFile(blobPath(name, sha256(kept))), kept);
  });
}

for (const [index, [what, plant]] of PLANTS.entries()) {
  Deno.test(`the daemon refuses ${what} in the spool, and the live release answers`, async () => {
    const name = `spool${index}`;
    const project = { name, options: { domain: `${name}.test` }, app: { TEXT: "safe" } };
    succeeded(await server().push(project));
    const dockerfile = await server().project(project);
    const digest = sha256(await Deno.readFile(dockerfile));
    await plant(blobPath(name, digest), (await Deno.stat(dockerfile)).size);
    await assertRejects(() => deployFromSpool(name, dockerfile), MyPaasError, digest);
    assertEquals(await server().get(`${name}.test`), { status: 200, text: "safe" });
  });
}
