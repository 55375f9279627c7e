import { createContainer, inspect, removeContainer, startContainer } from "../../tests/e2e/engine.ts";
import type { TestServer } from "../../tests/e2e/lab.ts";
import { waitUntil } from "../../src/wait.ts";
import { runningOf } from "./running.ts";

/**
 * What a deploy cannot be faster than: seconds from `docker run` of the same image, as many containers at once as the
 * service has, until each answers a request.
 *
 * @param service a service that runs on the server; its image is used
 */
export async function runFloor(server: TestServer, service: string): Promise<number> {
  const { image, count } = await runningOf(server, service);
  const names = Array.from({ length: count }, (_, n) => `${server.names.traefik}-floor-${n}`);
  try {
    const before = performance.now();
    await Promise.all(names.map((name) => answers(name, image)));
    return (performance.now() - before) / 1000;
  } finally {
    await Promise.allSettled(names.map(removeContainer));
  }
}

/** Starts a container and waits until it answers. */
async function answers(name: string, image: string): Promise<void> {
  await createContainer(name, { Image: image });
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
}
