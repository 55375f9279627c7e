import { containersOf, createContainer, inspect, removeContainer, startContainer } from "../../tests/e2e/engine.ts";
import type { TestServer } from "../../tests/e2e/lab.ts";
import { waitUntil } from "../../src/wait.ts";
import { median } from "./median.ts";

/**
 * What a deploy cannot be faster than: seconds from `docker run` of the same image until it answers a request. The median.
 *
 * @param service a service that runs on the server; its image is used
 */
export async function runFloor(
  server: TestServer,
  { service, runs }: { readonly service: string; readonly runs: number },
): Promise<number> {
  const [running] = await containersOf(server.serverId, service);
  if (running === undefined) throw new Error(`Cannot find a container of "${service}"`);
  const took: number[] = [];
  for (let run = 0; run < runs; run++) {
    const name = `${server.names.traefik}-floor-${run}`;
    const before = performance.now();
    await createContainer(name, { Image: running.Image });
    try {
      await startContainer(name);
      const { NetworkSettings } = await inspect(name);
      const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress;
      await waitUntil(async () => {
        try {
          const response = await fetch(`http://${address}/`);
          await response.body?.cancel();
          return response.ok;
        } catch {
          return false;
        }
      }, { what: `${name} answers`, timeoutMs: 30_000, intervalMs: 5 });
      took.push((performance.now() - before) / 1000);
    } finally {
      await removeContainer(name);
    }
  }
  return median(took);
}
