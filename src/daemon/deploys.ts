import type { BlobSource } from "../archive/blobs.ts";
import { contextTar } from "../archive/context_tar.ts";
import { reconcileAll, reconcileService } from "../deploy/reconcile.ts";
import { rollOut, type RollOutParts } from "../deploy/roll_out.ts";
import type { Builder } from "../deploy/runtime.ts";
import type { Release } from "../deploy/store.ts";
import { messageOf, MyPaasError } from "../error.ts";
import { autoDomainNote } from "../service/auto_domain.ts";
import type { ParsedService } from "../service/parse_service.ts";
import { waitUntil } from "../wait.ts";
import { toWireError } from "../wire/error_body.ts";
import type { DeployEvent, WireError } from "../wire/events.ts";
import type { DeployRequest } from "../wire/requests.ts";
import { acceptDeploy, type AcceptParts } from "./accept.ts";
import { checkClaims, type ClaimParts } from "./claims.ts";
import { DeployLog } from "./deploy_log.ts";
import { deployPlan, type PlanParts } from "./deploy_plan.ts";
import { Queue } from "./queue.ts";

/** Logs of so many deploys are kept for `attach`. */
const LOGS_KEPT = 20;
/** What a deploy that waits for a repair says it waits for. */
const REPAIR = "the daemon's repair";
/** How long the daemon goes on trying to bring a service to what the state says, and its pauses. */
const RETRY_TIMEOUT_MS = 24 * 60 * 60 * 1000;
const RETRY_PAUSE_MS = 5000;

export interface DeploysParts
  extends Omit<RollOutParts, "builder" | "onUnfinished">, AcceptParts, ClaimParts, PlanParts {
  readonly store: RollOutParts["store"];
  readonly builder: Builder;
  /** How laptops reach the server: a domain or an IPv4 address. */
  readonly address: string;
  /** Called when a piece of work is done. */
  readonly onIdle: () => void;
  /** Tells whoever runs the daemon; never a secret. */
  readonly log: (line: string) => void;
  /** Pause between two attempts to reconcile a service, in milliseconds; for tests. */
  readonly retryPauseMs?: number;
}

/** One deploy that goes on or is over. */
export interface Deploy {
  /** `<service>.<release>` */
  readonly id: string;
  readonly service: string;
  readonly log: DeployLog;
}

/** Accepts deploys and carries them out: one at a time per service, services side by side, one build at a time. */
export class Deploys {
  readonly #parts: DeploysParts;
  readonly #signal: AbortSignal;
  readonly #services = new Queue();
  readonly #builds = new Queue();
  readonly #recent = new Map<string, Deploy>();

  /** @param signal ends the daemon's own work, not the deploys */
  constructor(parts: DeploysParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  find(id: string): Deploy | undefined {
    return this.#recent.get(id);
  }

  /**
   * Takes a deploy. It goes on whether or not anybody follows its log.
   *
   * @param by who asked, for the history
   * @throws {MyPaasError} when it may not be carried out; then nothing has changed
   */
  async submit(
    request: DeployRequest,
    { source, by }: { readonly source: BlobSource; readonly by: string },
  ): Promise<Deploy> {
    const { store, now } = this.#parts;
    const accepted = await acceptDeploy(this.#parts, request, source);
    const { spec } = accepted.service;
    // Nothing is awaited from here to the new release, so that no other service can get the same domain in between.
    checkClaims(this.#parts, spec);
    const live = store.live(spec.name);
    const waiting = store.pending().some(({ service }) => service === spec.name);
    const same = !request.force && !waiting && live?.contentDigest === accepted.contentDigest;
    if (request.dryRun) {
      const number = (store.releases(spec.name, 1)[0]?.number ?? 0) + 1;
      const next = { spec, env: spec.env };
      const plan = await deployPlan(this.#parts, { next, number, live, alreadyLive: same, busy: waiting });
      return this.#finished(`${spec.name}.plan`, spec.name, { kind: "planned", ...plan });
    }
    if (same) return this.#finished(`${spec.name}.${live.number}`, spec.name, this.#live(live, { seconds: 0, same }));
    const at = now().toISOString();
    const release = store.createRelease({ spec, env: spec.env, contentDigest: accepted.contentDigest, by, at });
    const deploy = this.#remember(`${spec.name}.${release.number}`, spec.name);
    deploy.log.add({ kind: "accepted", deploy: deploy.id, service: spec.name, release: release.number });
    const behind = this.#services.behind(spec.name);
    if (behind !== undefined) deploy.log.add({ kind: "queued", behind });
    this.#services.run(
      spec.name,
      deploy.id,
      () => this.#carryOut(deploy, release, { request, source, accepted: accepted.service }),
    );
    return deploy;
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
      this.#parts.log(`reconcile: ${service}: ${messageOf(error)}`);
      this.#retry(service);
    }
    this.#parts.onIdle();
  }

  #retry(service: string): void {
    const signal = this.#signal;
    const attempt = () =>
      this.#services.run(service, REPAIR, async () => {
        try {
          await reconcileService(this.#parts, service, { report: () => {}, signal });
          return true;
        } catch (error) {
          this.#parts.log(`reconcile: ${service}: ${messageOf(error)}`);
          return false;
        }
      });
    waitUntil(attempt, {
      what: `${service} is as the state says`,
      timeoutMs: RETRY_TIMEOUT_MS,
      intervalMs: this.#parts.retryPauseMs ?? RETRY_PAUSE_MS,
      signal,
    }).catch((error) => {
      if (!signal.aborted) this.#parts.log(`reconcile: ${service}: ${messageOf(error)}`);
    });
  }

  async #carryOut(
    deploy: Deploy,
    release: Release,
    { request, source, accepted }: {
      readonly request: DeployRequest;
      readonly source: BlobSource;
      readonly accepted: ParsedService;
    },
  ): Promise<void> {
    const { log } = deploy;
    const began = this.#parts.now().getTime();
    const report = (event: DeployEvent) => log.add(event);
    try {
      const { tail } = await rollOut({ ...this.#parts, onUnfinished: (service) => this.#retry(service) }, release, {
        report,
        build: (signal) => this.#build(release, { request, source, accepted, log, signal }),
      });
      log.add(this.#live(release, { seconds: (this.#parts.now().getTime() - began) / 1000, same: false }));
      tail.catch((error) => {
        this.#parts.log(`${deploy.id}: taking the old release away: ${messageOf(error)}`);
        this.#retry(release.service);
      }).finally(this.#parts.onIdle);
    } catch (error) {
      if (!(error instanceof MyPaasError)) this.#parts.log(`${deploy.id}: ${stackOf(error)}`);
      log.add({ kind: "failed", deploy: deploy.id, error: this.#failure(error, release) });
    }
  }

  async #build(
    release: Release,
    { request, source, accepted, log, signal }: {
      readonly request: DeployRequest;
      readonly source: BlobSource;
      readonly accepted: ParsedService;
      readonly log: DeployLog;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<void> {
    const { builder, store } = this.#parts;
    const behind = this.#builds.behind("build");
    if (behind !== undefined) log.add({ kind: "queued", behind: `the build of ${behind}` });
    const { service, number } = release;
    const built = await this.#builds.run("build", `${service}.${number}`, () =>
      builder.build(
        {
          service,
          release: number,
          dockerfile: request.dockerfile,
          baseImages: accepted.baseImages,
          buildArgs: release.spec.buildArgs,
          context: contextTar(request.manifest, (chunk) => source.read(service, chunk)),
        },
        (line) => log.add({ kind: "log", step: line.step, text: line.text }),
        signal ?? new AbortController().signal,
      ));
    store.setImage(service, number, built.image, built.imageId);
  }

  #live(
    { service, number, spec }: Release,
    { seconds, same }: { readonly seconds: number; readonly same: boolean },
  ): DeployEvent {
    const { urlsOf, address } = this.#parts;
    return { kind: "live", service, release: number, urls: urlsOf(spec), address, seconds, alreadyLive: same };
  }

  /** A service that got its name from the server may be no website: that it does not answer requests is no fault then. */
  #failure(error: unknown, { spec }: Release): WireError {
    const failure = toWireError(error);
    const note = failure.kind === "notReady" ? autoDomainNote(spec, this.#parts.autoDomain) : undefined;
    return note === undefined ? failure : { ...failure, hint: [failure.hint, `${note}.`].filter(Boolean).join(" ") };
  }

  #finished(id: string, service: string, event: DeployEvent): Deploy {
    const log = new DeployLog(this.#parts.now);
    log.add(event);
    return { id, service, log };
  }

  #remember(id: string, service: string): Deploy {
    const deploy = { id, service, log: new DeployLog(this.#parts.now) };
    this.#recent.set(id, deploy);
    for (const [oldest, { log }] of this.#recent) {
      if (this.#recent.size <= LOGS_KEPT) break;
      if (log.end !== undefined) this.#recent.delete(oldest);
    }
    return deploy;
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
