import {
  createContainer,
  inspect,
  removeContainer,
  startContainer,
  startDetached,
  stopContainer,
} from "../../tests/e2e/engine.ts";
import { freePorts, type TestServer } from "../../tests/e2e/lab.ts";
import { Load, type LoadResult } from "../../tests/e2e/load.ts";
import { visit } from "../../tests/e2e/visitor.ts";
import { Label } from "../../src/service/names.ts";
import { DEFAULT_TRAEFIK_IMAGE } from "../../src/setup/settings.ts";
import { waitUntil } from "../../src/wait.ts";
import { runningOf } from "./running.ts";

export interface YardstickOptions {
  /** A service that runs on the server: its image is used, in as many containers. */
  readonly service: string;
  readonly order: "start-first" | "stop-first";
  readonly redeploys: number;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
}

/**
 * The same load and the same redeploys as peers do them: a Traefik as it comes finds the containers by their labels.
 * Start-first: the new ones start, and when they answer the old ones stop. Stop-first: the old ones stop, the new start.
 * Each redeploy waits until Traefik serves the one before: without that it would be still worse.
 */
export async function runYardstick(server: TestServer, options: YardstickOptions): Promise<LoadResult> {
  const { service, order, redeploys, rate, seconds } = options;
  const [httpPort, httpsPort] = freePorts();
  const door = { httpPort, httpsPort };
  await using _traefik = await stockTraefik(server, httpPort);
  await using peer = new Peer(server, await runningOf(server, service));
  await peer.start(0);
  await untilServed(door, 0);
  const load = new Load(`http://127.0.0.1:${httpPort}/`, { host: HOST, rate, maxSeconds: seconds });
  for (let release = 1; release <= redeploys; release++) {
    if (order === "stop-first") await peer.stop(release - 1);
    await peer.start(release);
    if (order === "start-first") await peer.stop(release - 1);
    await untilServed(door, release);
  }
  return await load.finished();
}

const HOST = "yardstick.test";

/** Traefik with nothing but its Docker provider, on the network where the server's own is. */
function stockTraefik(server: TestServer, httpPort: number) {
  return startDetached({
    image: DEFAULT_TRAEFIK_IMAGE,
    command: [
      "--entrypoints.web.address=:80",
      "--providers.docker=true",
      "--providers.docker.exposedbydefault=false",
      `--providers.docker.constraints=Label(\`${PEER_LABEL}\`,\`${server.serverId}\`)`,
    ],
    labels: { [Label.instance]: server.serverId },
    binds: ["/var/run/docker.sock:/var/run/docker.sock:ro"],
    network: server.names.networks.ingress,
    ports: { 80: httpPort },
  });
}

/** Marks the containers that are the yardstick's. */
const PEER_LABEL = "yardstick";

/** One service, by hand. */
class Peer implements AsyncDisposable {
  readonly #server: TestServer;
  readonly #image: string;
  readonly #count: number;
  readonly #running = new Set<string>();

  constructor(server: TestServer, { image, count }: { readonly image: string; readonly count: number }) {
    this.#server = server;
    this.#image = image;
    this.#count = count;
  }

  /** Starts the containers of a release and waits until each answers. */
  async start(release: number): Promise<void> {
    await Promise.all(this.#names(release).map((name) => this.#start(name, String(release))));
  }

  async #start(name: string, text: string): Promise<void> {
    const network = this.#server.names.networks.ingress;
    this.#running.add(name);
    await createContainer(name, {
      Image: this.#image,
      Env: [`TEXT=${text}`],
      Labels: {
        [PEER_LABEL]: this.#server.serverId,
        "traefik.enable": "true",
        "traefik.http.routers.yardstick.rule": `Host(\`${HOST}\`)`,
        "traefik.http.services.yardstick.loadbalancer.server.port": "80",
      },
      HostConfig: { NetworkMode: network },
    });
    await startContainer(name);
    const address = (await inspect(name)).NetworkSettings.Networks[network]?.IPAddress;
    await waitUntil(async () => await answerOf(`http://${address}/`) !== undefined, {
      what: `${name} answers`,
      timeoutMs: 30_000,
    });
  }

  /** `docker stop`, and away with them. */
  async stop(release: number): Promise<void> {
    await Promise.all(
      this.#names(release).map(async (name) => {
        await stopContainer(name);
        await removeContainer(name);
        this.#running.delete(name);
      }),
    );
  }

  #names(release: number): readonly string[] {
    return Array.from({ length: this.#count }, (_, n) => `${this.#server.names.traefik}-peer-${release}-${n}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.#running].map(removeContainer));
  }
}

async function answerOf(url: string): Promise<string | undefined> {
  try {
    return await (await fetch(url)).text();
  } catch {
    return undefined;
  }
}

/** Waits until a visitor gets a release. */
async function untilServed(door: { readonly httpPort: number; readonly httpsPort: number }, release: number) {
  await waitUntil(async () => (await visit(door, `http://${HOST}/`).catch(() => undefined))?.text === String(release), {
    what: `Traefik serves the yardstick's release ${release}`,
    timeoutMs: 30_000,
  });
}
