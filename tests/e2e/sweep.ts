// Takes away the servers of test runs that were killed, so that they neither use up Docker's networks nor this disk.
import { parse } from "@std/yaml";
import { serverLayout } from "../../src/setup/layout.ts";
import { removeOwned } from "./engine.ts";
import { LAB_PREFIX, type Owner } from "./lab_folder.ts";

/** Whether a process lives whose command line has these words. */
async function runs(pid: number, words: string): Promise<boolean> {
  const command = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
  return command.includes(words);
}

/** Takes away the disks that a server's folder has. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await Deno.readTextFile("/proc/self/mounts")).split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`))) {
    await new Deno.Command("umount", { args: ["--lazy", mount] }).output();
  }
}

async function sweep(folder: string): Promise<void> {
  const note = await Deno.readTextFile(`${folder}/owner.json`).catch(() => undefined);
  if (note === undefined) return;
  const owner: Owner = JSON.parse(note);
  if (await runs(owner.pid, "deno")) return;
  if (owner.daemonPid > 0 && await runs(owner.daemonPid, `${folder}/`)) Deno.kill(owner.daemonPid, "SIGKILL");
  const settings = await Deno.readTextFile(serverLayout(`${folder}/r`).settings).then(parse).catch(() => undefined);
  if (typeof settings === "object" && settings !== null && "serverId" in settings) {
    await removeOwned(String(settings.serverId));
  }
  await unmountBelow(folder);
  await Deno.remove(folder, { recursive: true });
  console.log(`removed what a killed test run left: ${folder}`);
}

const parent = LAB_PREFIX.slice(0, LAB_PREFIX.lastIndexOf("/"));
for await (const { name, isDirectory } of Deno.readDir(parent)) {
  const folder = `${parent}/${name}`;
  if (isDirectory && folder.startsWith(LAB_PREFIX)) await sweep(folder);
}
