import { DatabaseSync } from "node:sqlite";
import { parse } from "@std/yaml";
import { Label } from "../../src/service/names.ts";
import { waitUntil, within } from "../../src/wait.ts";
import { containersOf } from "./engine.ts";
import { jsonLines, succeeded, type TestServer } from "./lab.ts";
import type { LoadResult } from "./load.ts";
import type { AppProject } from "./project.ts";

/** So often a kill that came when its step was over is tried again. */
const TRIES = 8;

/** The daemon was killed while this step of a deploy was under way. */
export interface Kill {
  /** As the plan has it, the release aside. */
  readonly step: string;
  /** How many deploys it took until a kill met the step. */
  readonly tries: number;
  /** From the start of the next daemon until state, containers, routes and visitors agree. */
  readonly seconds: number;
}

/**
 * Kills the daemon (`kill -9`) at every step of a deploy's plan, one deploy after another, while visitors come; starts it
 * again each time, as a supervisor would, and waits until everything agrees.
 *
 * @param server with the supervisor `none`
 * @param scale 0: stop-first; else start-first
 */
export async function killAtEveryStep(
  server: TestServer,
  { scale, rounds, rate }: { readonly scale: number; readonly rounds: number; readonly rate: number },
): Promise<{ readonly kills: readonly Kill[]; readonly load: LoadResult }> {
  const victim = new Victim(server, scale);
  await victim.deploy();
  await victim.untilWhole();
  const load = server.load(victim.domain, rate, 1200);
  const kills: Kill[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const count = (await victim.plan()).steps.length;
      for (let index = 0; index < count; index++) kills.push(await victim.killAt(index));
    }
    await victim.deploy();
    await victim.untilWhole();
  } catch (error) {
    const { failures } = await load.stop();
    throw new Error(`${error instanceof Error ? error.message : error}; failed: ${JSON.stringify(failures)}`, {
      cause: error,
    });
  }
  return { kills, load: await load.stop() };
}

/** A service whose deploys are cut off. */
class Victim {
  readonly name: string;
  readonly domain: string;
  readonly #server: TestServer;
  readonly #scale: number;
  readonly #database: string;
  #texts = 0;

  constructor(server: TestServer, scale: number) {
    this.name = `kill${scale}`;
    this.domain = `${this.name}.test`;
    this.#server = server;
    this.#scale = scale;
    this.#database = server.layout.database;
  }

  #project(): AppProject {
    const options = { domain: this.domain, scale: this.#scale };
    // A little boot, so that the waiting for it is met as well.
    return { name: this.name, options, app: { TEXT: String(this.#texts), BOOT: "100ms", DELAY: "10ms" } };
  }

  async deploy(): Promise<void> {
    this.#texts++;
    succeeded(await this.#server.deploy(this.#project()));
  }

  /** What the next deploy would do. */
  async plan(): Promise<{ readonly release: number; readonly steps: readonly string[] }> {
    this.#texts++;
    const events = jsonLines(succeeded(await this.#server.deploy(this.#project(), "--dry-run", "--json")));
    const { release, steps } = events.find(({ kind }) => kind === "planned") as { release: number; steps: string[] };
    return { release, steps };
  }

  async killAt(index: number): Promise<Kill> {
    for (let tries = 1; tries <= TRIES; tries++) {
      const { release, steps } = await this.plan();
      const step = steps[index];
      if (step === undefined) throw new Error(`The plan has ${steps.length} steps by now, not ${index + 1}`);
      const { met, command } = await this.#deployAndKill(release, step);
      const before = performance.now();
      await this.#server.startDaemon();
      await this.untilWhole();
      const seconds = (performance.now() - before) / 1000;
      // It asks the next daemon what became of its deploy.
      await within(command, { what: "the command ends", timeoutMs: 60_000 });
      if (met) return { step: step.replaceAll(/\d+/g, "N"), tries, seconds };
    }
    throw new Error(`Cannot meet step ${index + 1} of ${this.name} in ${TRIES} tries`);
  }

  /** `met`: whether the step was under way when the daemon ended. */
  async #deployAndKill(
    release: number,
    step: string,
  ): Promise<{ readonly met: boolean; readonly command: Promise<unknown> }> {
    using database = new DatabaseSync(this.#database, { readOnly: true });
    const row = database.prepare("SELECT step FROM releases WHERE service = ? AND number = ?");
    const stepNow = () => row.get(this.name, release)?.["step"];
    const command = this.#server.deploy(this.#project());
    let over = false;
    command.finally(() => over = true);
    // What happens behind the answer has a step too.
    await waitUntil(() => stepNow() === step || (over && stepNow() === null), {
      what: `${this.name}.${release} is at "${step}"`,
      timeoutMs: 30_000,
      intervalMs: 1,
    });
    await this.#server.endDaemon("SIGKILL");
    return { met: stepNow() === step, command };
  }

  /** Waits until state, containers, addresses, routes and visitors agree, and nothing else is there. */
  async untilWhole(): Promise<void> {
    let last: string | undefined;
    await waitUntil(async () => (last = await this.#fault()) === undefined, {
      what: `${this.name} is whole`,
      timeoutMs: 20_000,
      intervalMs: 100,
    }).catch((error) => {
      throw new Error(`${error.message}: ${last}`, { cause: error });
    });
  }

  /** What does not agree; undefined when all does. */
  async #fault(): Promise<string | undefined> {
    using database = new DatabaseSync(this.#database, { readOnly: true });
    const rows = database.prepare("SELECT number, status, places FROM releases WHERE service = ?").all(this.name);
    const begun = rows.filter(({ status }) => status === "pending");
    const [live, ...others] = rows.filter(({ status }) => status === "live");
    if (live === undefined || others.length > 0 || begun.length > 0) return `rows ${JSON.stringify(rows)}`;
    const places = JSON.parse(String(live["places"])) as readonly { ingressAddress: string; internalAddress: string }[];
    const wanted = places.map(({ ingressAddress, internalAddress }) => `${ingressAddress} ${internalAddress}`).sort();

    const { networks } = this.#server.names;
    const containers = await containersOf(this.#server.serverId, this.name);
    const found = containers.map(({ Config, State, NetworkSettings: { Networks } }) => {
      const internal = Networks[networks.internal];
      const isNamed = internal?.Aliases?.includes(this.name) === true;
      const isLive = Config.Labels[Label.release] === String(live["number"]) && State.Running;
      if (!isLive || !isNamed) {
        return `stray ${Config.Labels[Label.release]}, running ${State.Running}, named ${isNamed}`;
      }
      return `${Networks[networks.ingress]?.IPAddress} ${internal.IPAddress}`;
    }).sort();
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      return `release ${live["number"]} has the addresses ${wanted.join(", ")}; containers: ${found.join(", ")}`;
    }

    const routed = await this.#routed();
    const expected = places.map(({ ingressAddress }) => `http://${ingressAddress}:80`).sort();
    if (JSON.stringify(routed) !== JSON.stringify(expected)) return `routed to ${routed.join(", ")}`;
    const texts = new Set(containers.map(({ Config }) => Config.Env.find((one) => one.startsWith("TEXT="))?.slice(5)));
    const { status, text } = await this.#server.get(this.domain);
    return status === 200 && texts.has(text) && texts.size === 1 ? undefined : `it answers ${status} "${text}"`;
  }

  async #routed(): Promise<readonly string[]> {
    const table = parse(await Deno.readTextFile(this.#server.layout.routesFile)) as RouteFile;
    return (table.http.services[this.name]?.loadBalancer.servers ?? []).map(({ url }) => url).sort();
  }
}

/** The part of Traefik's route file that is read here. */
interface RouteFile {
  readonly http: {
    readonly services: Readonly<
      Record<string, { readonly loadBalancer: { readonly servers: readonly { readonly url: string }[] } }>
    >;
  };
}
