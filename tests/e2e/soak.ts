import { waitUntil, within } from "../../src/wait.ts";
import { jsonLines, type Ran, succeeded, type TestServer } from "./lab.ts";
import { type AppProject, CHECKOUT } from "./project.ts";

/** A visit as tests/e2e/app/visit.go prints it. */
interface Visit {
  readonly kind: "get" | "sleep" | "post" | "socket" | "events";
  /** `kept` and `new` connections over http; HTTP/1.1 (`tls`) and HTTP/2 (`h2`) over https. */
  readonly via: "kept" | "new" | "tls" | "h2";
  /** Unix milliseconds. */
  readonly at: number;
  readonly ms: number;
  /** Empty: it went well. */
  readonly error: string;
  readonly id?: string;
  readonly endless?: boolean;
}

export interface SoakPlan {
  readonly kind: "start-first" | "stop-first";
  /** It lasts at least so long. */
  readonly seconds: number;
  readonly redeploys: number;
  readonly drainTimeoutSeconds: number;
  /** How long the longest requests take, and the longest of the streams that end. Shorter than the drain's time-out. */
  readonly longestSeconds: number;
}

/** What visitors of all kinds saw of the redeploys of one service. */
export interface SoakResult {
  readonly kind: string;
  readonly redeploys: number;
  readonly seconds: number;
  /** By kind and way, such as `post h2`: how many there were, and how long the longest took, in milliseconds. */
  readonly visits: Readonly<Record<string, { readonly count: number; readonly longest: number }>>;
  /** Visits that were cut when the drain's time-out was over. */
  readonly cutAtLimit: number;
  /** Visits that failed for any other reason, by kind and reason. */
  readonly broken: Readonly<Record<string, number>>;
  readonly posts: {
    readonly answered: number;
    /** How many the app counted more than once, answered or not. */
    readonly duplicated: number;
    /** How many were answered that the app did not count. */
    readonly lost: number;
  };
}

/** A cut is at the limit if it comes so long before or after it, in milliseconds: SIGTERM goes through Docker. */
const CUT_EARLY_MS = 250;
const CUT_LATE_MS = 5000;
/** The last endless streams are cut within this time after the limit. */
const LAST_CUT_MS = 1000;

/**
 * Redeploys a service while visitors use it in all ways: short and long requests, POST bodies of 1 MB, server-sent events
 * and WebSockets that end and that do not, over kept and new connections, HTTP/1.1 and HTTP/2.
 */
export async function soak(server: TestServer, plan: SoakPlan): Promise<SoakResult> {
  const { kind, seconds, redeploys } = plan;
  const folder = `${server.layout.defaultVolumes}/${kind}`;
  await Deno.mkdir(folder, { recursive: true });
  succeeded(await server.push(project(plan, 0)));
  const began = Date.now();
  const visitors = new Visitors(server, plan);
  const drains: number[] = [];
  for (let n = 1; n <= redeploys; n++) {
    await until(began + (n - 0.8) * seconds * 1000 / redeploys);
    drains.push(drainBegin(succeeded(await server.push(project(plan, n), "--json"))));
  }
  await until(
    Math.max(began + seconds * 1000, ...drains.map((at) => at + plan.drainTimeoutSeconds * 1000 + LAST_CUT_MS)),
  );
  const visits = await visitors.finish();
  const counted = (await Deno.readTextFile(`${folder}/posts`)).trim().split("\n");
  return { kind, redeploys, seconds: (Date.now() - began) / 1000, ...judge(visits, { drains, counted, plan }) };
}

function project({ kind, drainTimeoutSeconds }: SoakPlan, n: number): AppProject {
  return {
    name: kind,
    options: {
      domain: `${kind}.test`,
      url: `https://secure-${kind}.test`,
      scale: kind === "start-first" ? 2 : 0,
      "drain-timeout": `${drainTimeoutSeconds}s`,
      volume: `~/${kind}:/data`,
    },
    app: { TEXT: "soak", COUNT: "/data/posts", BOOT: "500ms", RELEASE: String(n) },
  };
}

/** When the old release began to drain: when Traefik had the first route of the new one. */
function drainBegin(ran: Ran): number {
  const routed = jsonLines(ran).find(({ kind, state, text }) =>
    kind === "step" && state === "done" && String(text).startsWith("route to")
  );
  return Date.parse(String(routed?.["time"]));
}

async function until(time: number): Promise<void> {
  const timeoutMs = Math.max(1000, time - Date.now() + 1000);
  await waitUntil(() => Date.now() >= time, { what: "it is time", timeoutMs });
}

function judge(
  visits: readonly Visit[],
  { drains, counted, plan }: {
    readonly drains: readonly number[];
    readonly counted: readonly string[];
    readonly plan: SoakPlan;
  },
): Pick<SoakResult, "visits" | "cutAtLimit" | "broken" | "posts"> {
  const ways: Record<string, { count: number; longest: number }> = {};
  const broken: Record<string, number> = {};
  let cutAtLimit = 0;
  const isAtLimit = ({ at, ms }: Visit) =>
    drains.some((drain) => {
      const late = at + ms - (drain + plan.drainTimeoutSeconds * 1000);
      return at < drain && late > -CUT_EARLY_MS && late < CUT_LATE_MS;
    });
  for (const visit of visits) {
    const name = `${visit.endless ? "endless " : ""}${visit.kind} ${visit.via}`;
    const way = ways[name] ??= { count: 0, longest: 0 };
    way.count += 1;
    way.longest = Math.max(way.longest, visit.ms);
    if (visit.error === "") continue;
    if (isAtLimit(visit)) {
      cutAtLimit += 1;
      continue;
    }
    const since = drains.findLast((drain) => drain <= visit.at + visit.ms);
    const cause = `${name}: ${visit.error}`;
    broken[cause] = (broken[cause] ?? 0) + 1;
    // Which of the redeploys it was, for whoever looks for the reason.
    console.error(
      `${JSON.stringify(visit)} ended ${since && visit.at + visit.ms - since} ms after the route was changed`,
    );
  }
  const times = new Map<string, number>();
  for (const id of counted) times.set(id, (times.get(id) ?? 0) + 1);
  const answered = visits.filter(({ kind, error }) => kind === "post" && error === "");
  return {
    visits: ways,
    cutAtLimit,
    broken,
    posts: {
      answered: answered.length,
      duplicated: [...times.values()].filter((count) => count > 1).length,
      lost: answered.filter(({ id }) => !times.has(id ?? "")).length,
    },
  };
}

/** `app visit`: the visitors, a process of their own. */
class Visitors {
  readonly #process: Deno.ChildProcess;
  readonly #output: Promise<Deno.CommandOutput>;

  constructor({ httpPort, httpsPort }: TestServer, { kind, longestSeconds }: SoakPlan) {
    const hosts = [`${kind}.test`, `secure-${kind}.test`];
    this.#process = new Deno.Command(`${CHECKOUT}/.tools/testapp/app`, {
      args: ["visit", String(httpPort), String(httpsPort), ...hosts, `${longestSeconds}s`],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = this.#process.output();
    this.#output.catch(() => {});
  }

  /** Lets nobody come any more, and waits for those who are there. */
  async finish(): Promise<readonly Visit[]> {
    await this.#process.stdin.close();
    const { success, stdout, stderr } = await within(this.#output, { what: "the visitors end", timeoutMs: 130_000 });
    const decoder = new TextDecoder();
    if (!success) throw new Error(`The visitors ended: ${decoder.decode(stderr)}`);
    return decoder.decode(stdout).trim().split("\n").map((line): Visit => JSON.parse(line));
  }
}
