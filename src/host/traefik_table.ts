import { dirname } from "node:path";
import type { RouteTable } from "../deploy/runtime.ts";
import { messageOf, MyPaasError, NotWrittenError } from "../error.ts";
import type { Route } from "../traefik/route.ts";
import { readBackRouter } from "../traefik/route_file.ts";
import { ticks, TimeoutError, waitUntil } from "../wait.ts";
import { diskError } from "./disk_error.ts";
import { readText, replaceFile } from "./files.ts";
import { askTraefik, type TraefikAccess, traefikClient } from "./traefik_api.ts";

export interface TraefikTableOptions extends TraefikAccess {
  readonly routesFile: string;
  /** Writes the route file, with the router that `readBackRouter` describes. */
  readonly render: (routes: readonly Route[], generation: number) => string;
  /** How long Traefik has to load a table; 10 s unless a test says otherwise. */
  readonly timeoutMs?: number;
  /** Tells whoever runs the daemon what `watch` finds. */
  readonly log?: (line: string) => void;
}

/** How often the file is looked at without a reason. */
const LOOK_INTERVAL_MS = 60_000;

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
  /** What the file has. */
  #written: { readonly routes: readonly Route[]; readonly content: string } | undefined;
  /** Whether the file is to be looked at. */
  #suspect = false;

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

  /**
   * Writes the table again when somebody else changed, truncated or removed its file, until the signal is aborted. Traefik
   * goes by the file at once, so the file is looked at whenever the system says that something happened in its folder; and
   * every minute, for what the system did not say, or could not be mended.
   */
  async watch(signal: AbortSignal): Promise<void> {
    const look = () => {
      this.#suspect = true;
      if (!this.#working) this.#work();
    };
    const watching = this.#watchFolder(look, signal).catch((error) => {
      this.#options.log?.(`the folder of the routes cannot be watched, only looked at: ${messageOf(error)}`);
    });
    for await (const _ of ticks(LOOK_INTERVAL_MS, signal)) look();
    await watching;
  }

  async #watchFolder(look: () => void, signal: AbortSignal): Promise<void> {
    using watcher = Deno.watchFs(dirname(this.#options.routesFile), { recursive: false });
    signal.addEventListener("abort", () => watcher.close(), { once: true });
    // Reading is told as well; Traefik reads the file, and so does a look at it.
    for await (const { kind } of watcher) if (kind !== "access") look();
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting || this.#suspect) {
      if (this.#waiting === undefined) {
        await this.#mend();
        continue;
      }
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

  /** Looks at the file between two tables, when it must be as it was written last. */
  async #mend(): Promise<void> {
    this.#suspect = false;
    const { routesFile, log = () => {} } = this.#options;
    try {
      if (this.#written === undefined || await readText(routesFile) === this.#written.content) return;
      log(`somebody else changed ${routesFile}: it is written again`);
      await this.#write(this.#written.routes);
    } catch (error) {
      log(messageOf(error));
    }
  }

  async #write(routes: readonly Route[]): Promise<void> {
    const { routesFile, render, timeoutMs = 10_000 } = this.#options;
    const generation = this.#nextGeneration();
    const wanted = readBackRouter(generation);
    const content = render(routes, generation);
    try {
      // Traefik reads all again for each file that comes into its folder, and then rests (providersThrottleDuration): the
      // temporary file would cost the table that rest.
      await replaceFile(routesFile, content, 0o644, { through: dirname(dirname(routesFile)) });
      this.#written = { routes, content };
    } catch (cause) {
      const error = writeError(routesFile, cause);
      // It may be there, and only not be synced.
      if (await readText(routesFile).catch(() => undefined) !== content) throw error;
      this.#written = { routes, content };
      throw new MyPaasError(error.message, { hint: error.hint, cause });
    }
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

function writeError(routesFile: string, cause: unknown): NotWrittenError {
  const action = `write the routes into "${routesFile}"`;
  const error = diskError(action, cause);
  if (error instanceof NotWrittenError) return error;
  const hint = "Check that its folder is there: mypaas init makes it.";
  return new NotWrittenError(`Cannot ${action}: ${messageOf(cause)}`, { cause, hint });
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
