import { type Container, containersOf } from "../../tests/e2e/engine.ts";
import type { TestServer } from "../../tests/e2e/lab.ts";
import { Label } from "../../src/service/names.ts";
import { waitUntil } from "../../src/wait.ts";

/** What runs as a service: the image of its newest release, and in how many containers. */
export async function runningOf(
  server: TestServer,
  service: string,
): Promise<{ readonly image: string; readonly count: number }> {
  const replicas = await replicasOf(server, service);
  const newest = replicas.filter((one) => releaseOf(one) === Math.max(...replicas.map(releaseOf)));
  const [first] = newest;
  if (first === undefined) throw new Error(`Cannot find a container of "${service}"`);
  return { image: first.Image, count: newest.length };
}

/** Waits until the old releases of a service are gone, so that what is measured next has the machine to itself. */
export async function untilOldIsGone(server: TestServer, service: string): Promise<void> {
  await waitUntil(async () => new Set((await replicasOf(server, service)).map(releaseOf)).size === 1, {
    what: `the old releases of "${service}" are gone`,
    timeoutMs: 60_000,
  });
}

async function replicasOf(server: TestServer, service: string): Promise<readonly Container[]> {
  const found = await containersOf(server.serverId, service);
  // Containers that a bench starts itself have the other labels too, from the image.
  return found.filter(({ Config }) => Config.Labels[Label.part] === "replica");
}

function releaseOf({ Config }: Container): number {
  return Number(Config.Labels[Label.release]);
}
