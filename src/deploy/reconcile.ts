import { messageOf } from "../error.ts";
import { giveUp, type GiveUpParts } from "./give_up.ts";
import { peerRepairs, peersOf } from "./peers.ts";
import { planReconcile, repairsAnything, type ServiceFacts, serviceFacts } from "./plan_reconcile.ts";
import { NORMAL_HOLD_SECONDS, type Route } from "../traefik/route.ts";
import { repairHoldSeconds } from "./plan.ts";
import { rehome } from "./rehome.ts";
import type { Step } from "./step.ts";
import { routeOf } from "./route_board.ts";
import { type RunnerParts, type RunOptions, runSteps } from "./runner.ts";
import type { Builder, ReplicaState, Runtime } from "./runtime.ts";
import type { Release, ReleaseStore } from "./store.ts";

export interface ReconcileParts extends RunnerParts {
  readonly builder: Pick<Builder, "removeImage">;
  /** The addresses that replicas may have. */
  readonly ranges: GiveUpParts["ranges"];
}

/**
 * Brings one service from what is found on the machine to what the state says. No deploy of it may be under way: one that
 * the state still has as begun could not be marked when it failed, and is marked now.
 *
 * @throws what a step failed with; calling it again goes on
 */
export async function reconcileService(
  parts: ReconcileParts,
  service: string,
  options: Pick<RunOptions, "report" | "signal">,
): Promise<void> {
  const begun = parts.store.pending().filter((release) => release.service === service && release.step !== undefined);
  for (const release of begun) await interrupt(parts, release, `It was given up at "${release.step}"`);
  // Whether the right ones reach an isolated service is seen on the replicas of the others.
  const only = peersOf(parts.store, service) === undefined ? service : undefined;
  await runSteps(parts, planService(parts, service, await look(parts.runtime, only)), options);
  if (parts.store.serviceState(service) === "removing") await forgetService(parts, service);
}

export interface ReconcileOptions extends Pick<RunOptions, "report" | "signal"> {
  /** Does a repair when nothing else is done to its service; called for all of them at once. */
  readonly inTurn?: (service: string, repair: () => Promise<void>) => Promise<void>;
  /** Called when the routes are written and every repair was handed to `inTurn`. */
  readonly onQueued?: () => void;
}

/**
 * Converges the whole server when the daemon starts: deploys that were under way are marked `interrupted`, all routes are
 * written at once, then each service is brought to what the state says. Containers of a service that the state has never
 * heard of are left alone.
 *
 * @returns the services that could not be brought there, with the reason; they are to be tried again
 */
export async function reconcileAll(
  parts: ReconcileParts,
  { inTurn = (_, repair) => repair(), onQueued, ...options }: ReconcileOptions,
): Promise<ReadonlyMap<string, unknown>> {
  const interrupted = await interruptPending(parts);
  await rehome(parts);
  const found = await look(parts.runtime);
  const failed = new Map<string, unknown>();
  const services = parts.store.services();
  try {
    const facts = services.map((service) => serviceFacts(parts.store, service, found.replicas));
    await parts.routes.reset(facts.flatMap(routeAtStart));
  } catch (error) {
    // Traefik keeps what it has loaded. What runs is left to run; a repair waits until Traefik confirms its route.
    options.report({ kind: "warning", text: messageOf(error) });
    for (const service of services) failed.set(service, error);
  }
  const repairs = services.map(async (service) => {
    const removing = parts.store.serviceState(service) === "removing";
    const plan = planService(parts, service, found);
    const cutOff = interrupted.filter((release) => release.service === service);
    try {
      endTail(parts.store, service);
      if (!removing && cutOff.length === 0 && !repairsAnything(plan)) return;
      await inTurn(service, async () => {
        await runSteps(parts, plan, options);
        for (const { number } of cutOff) await parts.builder.removeImage(service, number);
        if (removing) await forgetService(parts, service);
      });
    } catch (error) {
      failed.set(service, error);
    }
  });
  onQueued?.();
  await Promise.all(repairs);
  return failed;
}

/** What is on the machine, of all services or of one. */
interface Found {
  readonly replicas: readonly ReplicaState[];
  /** The services that have peers. */
  readonly isolated: readonly string[];
}

async function look(runtime: Runtime, service?: string): Promise<Found> {
  const [replicas, isolated] = await Promise.all([runtime.list(service), runtime.isolated()]);
  return { replicas, isolated };
}

function planService({ store }: RunnerParts, service: string, found: Found): readonly Step[] {
  return [
    ...planReconcile(service, serviceFacts(store, service, found.replicas)),
    ...peerRepairs(service, peersOf(store, service), found),
  ];
}

/**
 * A deploy that was under way when the daemon ended is over; the address that requests wait for goes to the old release.
 *
 * @returns those deploys
 */
async function interruptPending(parts: ReconcileParts): Promise<readonly Release[]> {
  const pending = parts.store.pending();
  for (const release of pending) {
    const where = release.step === undefined ? "before its first step" : `at "${release.step}"`;
    await interrupt(parts, release, `The daemon ended ${where}`);
  }
  return pending;
}

/** What was left to do behind a commit when the daemon ended is a repair now. */
function endTail(store: Pick<ReleaseStore, "live" | "setStep">, service: string): void {
  const live = store.live(service);
  if (live?.step !== undefined) store.setStep(service, live.number, undefined);
}

function interrupt(parts: ReconcileParts, release: Release, error: string): Promise<void> {
  return giveUp(parts, release, { status: "interrupted", error });
}

/** The last of a removal: nothing of the service runs any more. */
async function forgetService({ store, runtime, builder }: ReconcileParts, service: string): Promise<void> {
  // They would keep the images.
  await runtime.removeOneOffs((oneOff) => oneOff.service === service);
  const over = store.releases(service, Number.MAX_SAFE_INTEGER).filter(({ status }) => status !== "pending");
  for (const { number } of over) await builder.removeImage(service, number);
  store.forget(service);
}

function routeAtStart({ live, stopped, found }: ServiceFacts): readonly Route[] {
  if (live === undefined) return [];
  const held = planReconcile(live.service, { live, stopped, found }).some(({ kind }) => kind === "start");
  const holdSeconds = stopped ? 0 : held ? repairHoldSeconds(live.spec) : NORMAL_HOLD_SECONDS;
  const route = routeOf(live.spec, live.places, holdSeconds);
  return route === undefined ? [] : [stopped ? { ...route, addresses: [] } : route];
}
