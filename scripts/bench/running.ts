import { containersOf } from "../../tests/e2e/engine.ts";
import type { TestServer } from "../../tests/e2e/lab.ts";
import { Label } from "../../src/service/names.ts";

/** What runs as a service: the image of its newest release, and in how many containers. */
export async function runningOf(
  server: TestServer,
  service: string,
): Promise<{ readonly image: string; readonly count: number }> {
  const found = await containersOf(server.serverId, service);
  // Containers that a bench starts itself have the other labels too, from the image.
  const replicas = found.filter(({ Config }) => Config.Labels[Label.part] === "replica");
  const releaseOf = ({ Config }: typeof found[number]) => Number(Config.Labels[Label.release]);
  const newest = replicas.filter((one) => releaseOf(one) === Math.max(...replicas.map(releaseOf)));
  const [first] = newest;
  if (first === undefined) throw new Error(`Cannot find a container of "${service}"`);
  return { image: first.Image, count: newest.length };
}
