import { dirname } from "node:path";
import type { RouteTable } from "../deploy/runtime.ts";
import { messageOf, MyPaasError } from "../error.ts";
import type { Route } from "../traefik/route.ts";
import { readBackRouter } from "../traefik/route_file.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import { replaceFile } from "./files.ts";
import { askTraefik, type TraefikAccess, traefikClient } from "./traefik_api.ts";

export interface TraefikTableOptions extends TraefikAccess {
  readonly routesFile: string;
  /** Writes the route file, with the router that `readBackRouter` describes. */
  readonly render: (routes: readonly Route[], generation: number) => string;
  /** How long Traefik has to load a table; 10 s unless a test says otherwise. */
  readonly timeoutMs?: number;
}

interface WaitingTable {
  routes: readonly Route[];
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Traefik's route file and its API. Tables are written one at a time. While one is being confirmed, of those that come in
 * only the newest is kept: a table is always the whole, so its confirmation is one for the older ones as well.
 */
export class TraefikTable implements RouteTable {
  readonly #options: TraefikTableOptions;
  #generation = 0;
  #waiting: WaitingTable | undefined;
  #working = false;

  constructor(options: TraefikTableOptions) {
    this.#options = options;
  }

  apply(routes: readonly Route[]): Promise<void> {
    if (this.#waiting) this.#waiting.routes = routes;
    else this.#waiting = { routes, done: Promise.withResolvers<void>() };
    const { promise } = this.#waiting.done;
    if (!this.#working) this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting) {
      const { routes, done } = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.#write(routes);
        done.resolve();
      } catch (error) {
        done.reject(error);
      }
    }
    this.#working = false;
  }

  async #write(routes: readonly Route[]): Promise<void> {
    const { routesFile, render, timeoutMs = 10_000 } = this.#options;
    const generation = this.#nextGeneration();
    const wanted = readBackRouter(generation);
    const content = render(routes, generation);
    // Traefik reads all again for each file that comes into its folder, and then rests (providersThrottleDuration): the
    // temporary file would cost the table that rest.
    const through = dirname(dirname(routesFile));
    await replaceFile(routesFile, content, 0o644, { through }).catch((cause: unknown) => {
      throw new MyPaasError(`Cannot write the routes into "${routesFile}": ${messageOf(cause)}`, {
        cause,
        hint: "Check that the disk is not full (df -h) and that the folder is there (mypaas init makes it).",
      });
    });
    let seen = "its API did not answer";
    using client = traefikClient(this.#options);
    try {
      await waitUntil(async (signal) => {
        const answer = await this.#ask(client, { router: wanted.name, signal });
        if (!signal.aborted) seen = answer.seen;
        return answer.rule === wanted.rule;
      }, { what: `Traefik uses the routes ${generation}`, timeoutMs, intervalMs: 20 });
    } catch (cause) {
      if (!(cause instanceof TimeoutError)) throw cause;
      throw new MyPaasError(`Cannot see that Traefik uses the new routes: ${seen} for ${timeoutMs / 1000} s`, {
        cause,
        hint: "The routes are written and count as soon as Traefik reads them; check that it runs and what it logs.",
      });
    }
  }

  /** Asks Traefik for the rule of a router it has loaded; `seen` says what it has when that is not the wanted one. */
  async #ask(
    client: Deno.HttpClient,
    { router, signal }: { readonly router: string; readonly signal: AbortSignal },
  ): Promise<{ readonly rule?: string; readonly seen: string }> {
    let response: Response;
    let text: string;
    try {
      response = await askTraefik(this.#options, `/api/http/routers/${router}`, { client, signal });
      text = await response.text();
    } catch {
      return { seen: "its API did not answer" };
    }
    if (response.status === 404) return { seen: "it had none of them" };
    if (!response.ok) return { seen: `its API answered ${response.status}` };
    return { rule: ruleOf(text), seen: "it had older ones" };
  }

  /**
   * Never the same twice, also after a restart with a clock that was put back: microseconds since 1970, the last three
   * digits drawn by lot.
   */
  #nextGeneration(): number {
    const drawn = Date.now() * 1000 + Math.floor(Math.random() * 1000);
    this.#generation = Math.max(this.#generation + 1, drawn);
    return this.#generation;
  }
}

function ruleOf(text: string): string {
  try {
    const router: unknown = JSON.parse(text);
    if (typeof router === "object" && router !== null && "rule" in router) return String(router.rule);
  } catch {
    // Not Traefik's API, or half an answer: nothing is confirmed.
  }
  return "";
}
