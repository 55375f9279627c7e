import { assertEquals, assertGreater } from "@std/assert";
import { waitUntil } from "../../../src/wait.ts";
import { containersOf } from "../engine.ts";
import { jsonLines, sharedServer, succeeded } from "../lab.ts";
import type { AppProject } from "../project.ts";
import { type Seen, Visits } from "../visits.ts";

const server = sharedServer();

/** Each change is made with both: the old release stops after the new one has started, or before. */
const KINDS = [["start-first", 2], ["stop-first", 0]] as const;

interface Change {
  readonly what: string;
  /** Part of its services' names. */
  readonly name: string;
  readonly before?: Definition;
  readonly after: Definition;
  /** The new release does not get ready. */
  readonly fails?: boolean;
  /** What visitors ask for while it is made; without a given one, the domain that the service has by itself. */
  readonly urls?: (service: string) => readonly string[];
  /** Whether a visit may end so, beside `old` and `new`. */
  readonly allows?: (seen: Seen, service: string, routed: number) => boolean;
}

interface Definition {
  readonly options?: (service: string) => AppProject["options"];
  readonly app?: Record<string, string>;
}

/** It ends before it listens. */
const EXITS = { BOOT: "2s", EXIT_AFTER: "1s" };

const CHANGES: readonly Change[] = [
  {
    what: "an app that exits at once on SIGTERM and takes a second for each request",
    name: "prompt",
    before: { app: { DELAY: "1s" } },
    after: { app: { DELAY: "1s" } },
  },
  {
    what: "an app that ignores SIGTERM",
    name: "deaf",
    before: { app: { IGNORE_TERM: "1" }, options: () => ({ "stop-grace": "2s" }) },
    after: {},
  },
  {
    what: "another domain in place of one that goes",
    name: "domain",
    before: { options: (service) => ({ domain: [`${service}.test`, `gone.${service}.test`] }) },
    after: { options: (service) => ({ domain: [`${service}.test`, `came.${service}.test`] }) },
    urls: (service) => [`http://${service}.test/`, `http://gone.${service}.test/`, `http://came.${service}.test/`],
    // Whoever comes too early for the one, or too late for the other, finds nothing.
    allows: ({ url, at, outcome }, _, routed) =>
      outcome === "404" && (url.includes("came") ? at < routed : url.includes("gone") && at > routed - ROUTE_MS),
  },
  {
    what: "https",
    name: "https",
    after: { options: () => ({ https: "true" }) },
    urls: (service) => [`http://${service}.test/`],
    allows: ({ outcome }, service) => outcome === httpsOf(service),
  },
  {
    what: "no https any more",
    name: "plain",
    before: { options: () => ({ https: "true" }) },
    after: {},
    urls: (service) => [`http://${service}.test/`],
    allows: ({ outcome }, service) => outcome === httpsOf(service),
  },
  {
    what: "another port",
    name: "port",
    after: { options: () => ({ port: 8080 }), app: { PORT: "8080" } },
  },
  {
    what: "a port at which nobody listens",
    name: "wrong",
    after: { options: () => ({ port: 8080 }) },
    fails: true,
  },
  {
    what: "another domain, https, port, and an app that exits",
    name: "all",
    after: {
      options: (service) => ({ domain: `other.${service}.test`, https: "true", port: 8080 }),
      app: { PORT: "8080", ...EXITS },
    },
    fails: true,
  },
  {
    what: "https, and an app that exits",
    name: "httpsfails",
    after: { options: () => ({ https: "true" }), app: EXITS },
    fails: true,
  },
];

const GROUP = 3;

/** A route is read back so long after Traefik goes by it, at most. */
const ROUTE_MS = 1000;

function httpsOf(service: string): string {
  return `308 https://${service}.test:${server().httpsPort}/`;
}

/** Makes a change while visitors come, and checks what they saw. */
async function makeChange(
  { name, before = {}, after, fails = false, urls, allows }: Change,
  [kind, scale]: (typeof KINDS)[number],
): Promise<void> {
  const service = `${name}-${kind}`;
  const project = (text: string, { options, app }: Definition): AppProject => ({
    name: service,
    options: { domain: `${service}.test`, scale, "start-timeout": "3s", ...options?.(service) },
    app: { TEXT: text, BOOT: "500ms", ...app },
  });
  succeeded(await server().push(project("old", before)));
  const visits = new Visits(server(), { urls: urls?.(service) ?? [`http://${service}.test/`] });
  const ran = await server().push(project("new", after), "--json");
  const seen = await visits.stop();
  assertEquals(ran.code, fails ? 5 : 0, ran.stdout);
  const routed = routedAt(jsonLines(ran));
  const good = fails ? ["old"] : ["old", "new"];
  const wrong = seen.filter((one) => !good.includes(one.outcome) && !(allows?.(one, service, routed) ?? false));
  assertEquals(counts(wrong.map(({ url, outcome }) => `${url} ${outcome}`)), {}, kind);
  assertGreater(seen.length, 10, kind);
  if (fails) assertEquals((await server().get(`${service}.test`)).text, "old");
}

/** Changes are made at once in groups of three, each of its own two services: most of the time they wait. */
for (let first = 0; first < CHANGES.length; first += GROUP) {
  const group = CHANGES.slice(first, first + GROUP);
  const what = group.map(({ what, fails }) => fails ? `${what} (fails)` : what).join("; ");
  Deno.test(`no visit fails while a deploy brings ${what}`, async () => {
    const made = group.flatMap((change) => KINDS.map((kind) => makeChange(change, kind)));
    const errors = (await Promise.allSettled(made)).filter((end) => end.status === "rejected");
    if (errors.length > 0) {
      throw new AggregateError(
        errors.map(({ reason }) => reason),
        errors.map(({ reason }) => String(reason)).join("\n"),
      );
    }
  });
}

function counts(texts: readonly string[]): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const text of texts) found[text] = (found[text] ?? 0) + 1;
  return found;
}

/** When Traefik went by the first route of the new release; Infinity: it never did. */
function routedAt(events: readonly Readonly<Record<string, unknown>>[]): number {
  const routed = events.find(({ kind, state, text }) =>
    kind === "step" && state === "done" && String(text).startsWith("route to")
  );
  return routed === undefined ? Infinity : Date.parse(String(routed["time"]));
}

Deno.test("five replicas become two and five again, and no visit fails", async () => {
  const five = { name: "five", options: { domain: "five.test", scale: 5 }, app: { TEXT: "five", DELAY: "200ms" } };
  succeeded(await server().push(five));
  const visits = new Visits(server(), { urls: ["http://five.test/"], perSecond: 50 });
  for (const scale of ["2", "5"]) succeeded(await server().run(["scale", "five", scale]));
  const seen = await visits.stop();
  assertEquals(counts(seen.map(({ outcome }) => outcome)), { five: seen.length });
  // Engine 20.10 keeps an endpoint for ever if its container is removed while it gives up its name.
  await waitUntil(async () => (await containersOf(server().serverId, "five")).length === 5, {
    what: "the old replicas are gone",
    timeoutMs: 20_000,
  });
});
