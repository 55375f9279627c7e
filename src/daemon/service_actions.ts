import { reconcileService } from "../deploy/reconcile.ts";
import type { StepReport } from "../deploy/runner.ts";
import { errorOfKind, hintWith, messageOf, MyPaasError } from "../error.ts";
import type { Volume } from "../service/spec.ts";
import { toWireError } from "../wire/error_body.ts";
import type { Deploy, Work, WorkParts } from "./work.ts";

export interface ServiceActionsParts extends WorkParts {
  /** Where on the server the data of a volume is, for the owner. */
  readonly volumePlace: (service: string, volume: Volume) => Promise<string> | string;
}

/** What one action does, told in its log. */
interface Action {
  /** Completes `Cannot ... "blog"`. */
  readonly verb: "stop" | "start" | "remove";
  readonly run: (report: (event: StepReport) => void) => Promise<{ text: string; notes: readonly string[] }>;
}

/** Stops, starts and removes services, in turn with their deploys. What the state says is written first: a daemon that ends in between goes on. */
export class ServiceActions {
  readonly #parts: ServiceActionsParts;
  readonly #work: Work;

  constructor(parts: ServiceActionsParts, work: Work) {
    this.#parts = parts;
    this.#work = work;
  }

  /** Stops the replicas of the live release; visitors get 503 at once, until it is started or deployed again. */
  stop(service: string): Deploy {
    return this.#run(service, {
      verb: "stop",
      run: async (report) => {
        this.#parts.store.setServiceState(service, "stopped");
        await reconcileService(this.#parts, service, { report });
        return { text: `${service} is stopped`, notes: [`start it with: mypaas start ${service}`] };
      },
    });
  }

  /** Starts what was stopped. A release that does not come up is stopped again. */
  start(service: string): Deploy {
    return this.#run(service, {
      verb: "start",
      run: async (report) => {
        const { store } = this.#parts;
        const before = store.serviceState(service);
        store.setServiceState(service, "running");
        try {
          await reconcileService(this.#parts, service, { report });
        } catch (error) {
          if (before === "running") throw error;
          store.setServiceState(service, before);
          await reconcileService(this.#parts, service, { report });
          throw error;
        }
        return { text: `${service} runs`, notes: [] };
      },
    });
  }

  /** Takes a service away: route, containers, images, releases, stored variables. Its volumes stay. */
  remove(service: string): Deploy {
    return this.#run(service, {
      verb: "remove",
      run: async (report) => {
        const kept = await this.#volumes(service);
        this.#parts.store.setServiceState(service, "removing");
        await reconcileService(this.#parts, service, { report });
        return { text: `${service} is removed`, notes: kept.map((place) => `its volume is kept: ${place}`) };
      },
    });
  }

  #run(service: string, { verb, run }: Action): Deploy {
    const deploy = this.#work.begin(`${service}.${verb}`, service);
    const report = (event: StepReport) => deploy.log.add(event);
    this.#work.run(deploy, async () => {
      try {
        if (this.#parts.store.live(service) === undefined && verb !== "remove") {
          const error = new MyPaasError(`Cannot ${verb} "${service}": it has no live release`, {
            hint: "Push it first.",
          });
          deploy.log.add({ kind: "failed", deploy: undefined, error: toWireError(error) });
          return;
        }
        deploy.log.add({ kind: "done", service, ...await run(report) });
      } catch (error) {
        this.#parts.log(`${deploy.id}: ${messageOf(error)}`, { service });
        this.#work.retry(service);
        deploy.log.add({ kind: "failed", deploy: undefined, error: toWireError(this.#explained(error, deploy, verb)) });
      }
      this.#parts.onIdle();
    });
    return deploy;
  }

  /** Every volume that a known release of the service has, each once. */
  async #volumes(service: string): Promise<readonly string[]> {
    const { store, volumePlace } = this.#parts;
    const volumes = store.releases(service, Number.MAX_SAFE_INTEGER).flatMap(({ spec }) => spec.volumes);
    return [...new Set(await Promise.all(volumes.map((volume) => volumePlace(service, volume))))];
  }

  /** Says in what state the failure leaves the service. */
  #explained(error: unknown, { service }: Deploy, verb: Action["verb"]): unknown {
    if (!(error instanceof MyPaasError)) return error;
    const stopped = verb === "start" && this.#parts.store.serviceState(service) === "stopped";
    const then = stopped ? "It is stopped again." : `The daemon goes on trying to ${verb} it.`;
    return errorOfKind(error.kind, error.message, {
      hint: hintWith(error.hint, then),
      details: error.details,
      cause: error,
    });
  }
}
