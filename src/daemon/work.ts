import { reconcileAll, type ReconcileParts, reconcileService } from "../deploy/reconcile.ts";
import { messageOf } from "../error.ts";
import type { Log } from "../service/log.ts";
import { waitUntil } from "../wait.ts";
import { DeployLog } from "./deploy_log.ts";
import { Queue } from "./queue.ts";
import { UpgradePause } from "./upgrade_pause.ts";

/** Logs of so many deploys are kept for `attach`. */
const LOGS_KEPT = 20;
/** What a deploy that waits for a repair says it waits for. */
const REPAIR = "the daemon's repair";
/** How long the daemon goes on trying to bring a service to what the state says, and its pauses. */
const RETRY_TIMEOUT_MS = 24 * 60 * 60 * 1000;
const RETRY_PAUSE_MS = 5000;

export interface WorkParts extends ReconcileParts {
  /** Called when a piece of work is done. */
  readonly onIdle: () => void;
  /** Tells whoever runs the daemon; never a secret. */
  readonly log: Log;
  /** Pause between two attempts to reconcile a service, in milliseconds; for tests. */
  readonly retryPauseMs?: number;
}

/** A piece of work on one service that goes on or is over. */
export interface Deploy {
  /** `<service>.<release>` for a deploy, `<service>.stop` and the like for what makes no release. */
  readonly id: string;
  readonly service: string;
  readonly log: DeployLog;
}

/** All that is done to services: one thing at a time per service, services side by side. */
export class Work {
  readonly #parts: WorkParts;
  readonly #signal: AbortSignal;
  readonly #services = new Queue();
  /** A repair is no reason to wait: the next daemon goes on with it. */
  readonly pause = new UpgradePause(() => this.#services.names.filter((name) => name !== REPAIR));
  readonly #recent = new Map<string, Deploy>();
  /** Services whose next repair has not begun: whoever asks for one until then gets that. */
  readonly #repairsAhead = new Set<string>();

  /** @param signal ends the daemon's own work, not what was asked for */
  constructor(parts: WorkParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  find(id: string): Deploy | undefined {
    return this.#recent.get(id);
  }

  /** Begins the log of a piece of work. */
  begin(id: string, service: string): Deploy {
    const deploy = { id, service, log: new DeployLog(this.#parts.now) };
    this.#recent.set(id, deploy);
    for (const [oldest, { log }] of this.#recent) {
      if (this.#recent.size <= LOGS_KEPT) break;
      if (log.end !== undefined) this.#recent.delete(oldest);
    }
    return deploy;
  }

  /** Does it after all that was asked of its service before; its log says what it waits for. */
  run(deploy: Deploy, work: () => Promise<void>): void {
    const behind = this.#services.behind(deploy.service);
    if (behind !== undefined) deploy.log.add({ kind: "queued", behind });
    this.#services.run(deploy.service, deploy.id, work);
  }

  /** What the next piece of work on a service would have to wait for; undefined when it would begin at once. */
  behind(service: string): string | undefined {
    return this.#services.behind(service);
  }

  /**
   * Waits until nothing is done to a service, and lets nothing begin from then on.
   *
   * @returns ends that
   * @throws the signal's reason when it is aborted before
   */
  async keep(service: string, name: string, signal: AbortSignal): Promise<() => void> {
    const begun = Promise.withResolvers<void>();
    const over = Promise.withResolvers<void>();
    this.#services.run(service, name, () => {
      begun.resolve();
      return over.promise;
    }, signal).catch(begun.reject);
    await begun.promise;
    return over.resolve;
  }

  /**
   * Converges the whole server; what fails is tried again until it holds, or the daemon ends.
   *
   * @param onQueued called when deploys may be submitted: the routes are written, and each repair is in its service's queue
   */
  async reconcile(onQueued?: () => void): Promise<void> {
    const report = (event: { readonly kind: string; readonly text: string; readonly state?: string }) => {
      if (event.state !== "done") this.#parts.log(`reconcile: ${event.text}`);
    };
    const failed = await reconcileAll(this.#parts, {
      report,
      signal: this.#signal,
      inTurn: (service, repair) => this.#services.run(service, REPAIR, repair),
      ...onQueued && { onQueued },
    });
    for (const [service, error] of failed) {
      this.#parts.log(`reconcile: ${service}: ${messageOf(error)}`, { service });
      this.retry(service);
    }
    this.#parts.onIdle();
  }

  /** Brings a service to what the state says, again and again until it is there. */
  retry(service: string): void {
    const signal = this.#signal;
    const ahead = this.#repairsAhead;
    if (ahead.has(service)) return;
    ahead.add(service);
    const attempt = () =>
      this.#services.run(service, REPAIR, async () => {
        ahead.delete(service);
        try {
          await reconcileService(this.#parts, service, { report: () => {}, signal });
          return true;
        } catch (error) {
          this.#parts.log(`reconcile: ${service}: ${messageOf(error)}`, { service });
          // Somebody asked meanwhile, who goes on with it.
          if (ahead.has(service)) return true;
          ahead.add(service);
          return false;
        }
      });
    waitUntil(attempt, {
      what: `${service} is as the state says`,
      timeoutMs: RETRY_TIMEOUT_MS,
      intervalMs: this.#parts.retryPauseMs ?? RETRY_PAUSE_MS,
      signal,
    }).catch((error) => {
      ahead.delete(service);
      if (!signal.aborted) this.#parts.log(`reconcile: ${service}: ${messageOf(error)}`, { service });
    });
  }
}
