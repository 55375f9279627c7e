import { isSameContent } from "../deploy/same_content.ts";
import { rollOut, type RollOutParts } from "../deploy/roll_out.ts";
import type { Builder, BuiltImage } from "../deploy/runtime.ts";
import type { Release } from "../deploy/store.ts";
import { messageOf, MyPaasError, traceOf } from "../error.ts";
import { autoDomainNote } from "../service/auto_domain.ts";
import type { ParsedService } from "../service/parse_service.ts";
import type { ServiceSpec } from "../service/spec.ts";
import { toWireError } from "../wire/error_body.ts";
import type { TraefikCounts } from "../traefik/metrics.ts";
import type { DeployEvent, Visits, WireError } from "../wire/events.ts";
import type { DeployRequest } from "../wire/requests.ts";
import { acceptDeploy, type AcceptParts, chunksOf, followedImage, sizeOf } from "./accept.ts";
import type { Asker, Push, Redeploy } from "./asked.ts";
import { Attempts } from "./attempts.ts";
import { type BlobLists, forgetOldBlobLists } from "./blob_lists.ts";
import { type BuildSpace, checkBuildDisk } from "./build_disk.ts";
import { Builds } from "./builds.ts";
import { completeEnv, type EnvStore } from "./env_values.ts";
import { checkClaims, type ClaimParts } from "./claims.ts";
import { DeployLog } from "./deploy_log.ts";
import { checkChunks } from "./manifests.ts";
import { deployPlan, type PlanParts } from "./deploy_plan.ts";
import type { AuditLog } from "./stores.ts";
import { OpenDeploys } from "./open_deploys.ts";
import { VisitCounter } from "./visits.ts";
import { type Deploy, Work, type WorkParts } from "./work.ts";

export interface DeploysParts
  extends Omit<RollOutParts, "builder" | "onUnfinished">, AcceptParts, ClaimParts, PlanParts, QueueParts {
  readonly store: RollOutParts["store"];
  readonly builder: Builder;
  /** How many builds go on side by side; one unless told otherwise. */
  readonly buildsAtATime?: number;
  readonly buildSpace: BuildSpace;
  /** Longest time of one build; an hour unless told otherwise. */
  readonly buildTimeoutMs?: number;
  readonly blobLists: BlobLists;
  readonly envStore: Pick<EnvStore, "values">;
  /** How laptops reach the server: a domain or an IPv4 address. */
  readonly address: string;
  /** What Traefik has counted. */
  readonly counts: () => Promise<TraefikCounts>;
  /** What the owner should know of the certificates of a release that is live. */
  readonly certificateNotes: (spec: ServiceSpec) => Promise<readonly DeployEvent[]>;
  /** Has a line about each deploy that was accepted and failed. */
  readonly audit?: Pick<AuditLog, "write">;
  /** Called when a release has become live. */
  readonly onLive?: (release: Release) => void;
}

type QueueParts = Pick<WorkParts, "onIdle" | "log" | "retryPauseMs">;

/** Makes the image of a release. */
type MakeImage = (deploy: Deploy, release: Release, signal: AbortSignal) => Promise<BuiltImage>;

/** Accepts deploys and carries them out: one at a time per service, services side by side, few builds at a time. */
export class Deploys {
  readonly work: Work;
  readonly #parts: DeploysParts;
  readonly #builds: Builds;
  readonly #open: OpenDeploys;
  readonly #attempts: Attempts;

  /** @param signal ends the daemon's own work, not the deploys */
  constructor(parts: DeploysParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#open = new OpenDeploys(parts);
    this.work = new Work(parts, signal);
    this.#attempts = new Attempts((id) => this.work.find(id));
    const { builder, builderKind: kind, buildsAtATime: atATime = 1, buildSpace: space, buildTimeoutMs: timeoutMs } =
      parts;
    this.#builds = new Builds({ builder, kind, atATime, space, timeoutMs });
  }

  /**
   * Takes a deploy. It goes on whether or not anybody follows its log.
   *
   * @throws {MyPaasError} when it may not be carried out; then nothing has changed
   */
  submit(request: DeployRequest, push: Push): Promise<Deploy> {
    const { service, attempt } = request;
    const accept = () => this.#accept(request, push);
    if (attempt === undefined) return accept();
    return this.#attempts.once(`${push.by} ${service} ${attempt}`, accept);
  }

  async #accept(request: DeployRequest, { source, door, by, mayAct, signal }: Push): Promise<Deploy> {
    const { store, now } = this.#parts;
    const { service, contentDigest } = await acceptDeploy(this.#parts, request, { source, mayAct });
    const { spec } = service;
    const current = request.force || request.dryRun ? undefined : await this.#current(service, contentDigest);
    if (current === undefined && !request.dryRun) {
      await checkChunks(request, source);
      await checkBuildDisk(this.#parts.buildSpace, sizeOf(request.manifest).bytes, `Cannot deploy "${spec.name}"`);
    }
    if (signal?.aborted) throw new MyPaasError(`Cannot deploy "${spec.name}": who asked has gone away`);
    // Nothing is awaited from here to the new release, so that no other service can get the same domain in between, and
    // no stored value is changed.
    checkClaims(this.#parts, spec, mayAct);
    const env = completeEnv(this.#parts.envStore, spec);
    const live = store.live(spec.name);
    const busy = store.pending().some((release) => release.service === spec.name);
    const runs = store.serviceState(spec.name) === "running";
    const same = live !== undefined && !busy && runs && isSameContent(live, { contentDigest, env });
    if (request.dryRun) {
      const plan = await deployPlan(this.#parts, {
        next: { spec, env },
        number: (store.releases(spec.name, 1)[0]?.number ?? 0) + 1,
        live,
        alreadyLive: same && !request.force,
        followed: followedImage(service),
        busy,
        stopped: live !== undefined && !runs,
      });
      return this.#finished(`${spec.name}.plan`, spec.name, { kind: "planned", ...plan });
    }
    if (same && live.number === current?.release) {
      return this.#finished(
        `${spec.name}.${current.release}`,
        spec.name,
        ...current.warning === undefined ? [] : [{ kind: "warning", text: current.warning } as const],
        ...await this.#parts.certificateNotes(live.spec),
        this.#live(live, { seconds: 0, alreadyLive: true }),
      );
    }
    const release = store.createRelease({ spec, env, contentDigest, by, at: now().toISOString() });
    const digests = chunksOf(request.manifest).map(({ digest }) => digest);
    this.#note((lists) => lists.add(spec.name, release.number, { door, digests }));
    return this.#start(
      release,
      (deploy, made, signal) => this.#builds.build(made, { request, source, service, log: deploy.log, signal }),
    );
  }

  /**
   * Takes a deploy that needs no build: the release gets the image of an earlier one.
   *
   * @throws {MyPaasError} when that release or its image is gone, or what it claims belongs to another service by now;
   * then nothing has changed
   */
  async redeploy(service: string, change: Redeploy, { by, mayAct }: Asker): Promise<Deploy> {
    const { store, builder, now } = this.#parts;
    const { origin } = change;
    const from = store.release(service, origin.of);
    if (from?.image === undefined || !await builder.hasImage(service, origin.of)) {
      throw new MyPaasError(`Cannot use release ${origin.of} of "${service}": its image is gone`, {
        hint: "Push the service again; images of the last 5 releases that were live are kept.",
      });
    }
    const { spec = from.spec, env = from.env, contentDigest = from.contentDigest } = change;
    await this.#parts.checkVolumes(spec, mayAct);
    if (origin.kind !== "rollback") this.#refuseBehind(service, origin.of);
    checkClaims(this.#parts, spec, mayAct);
    const release = store.createRelease({ spec, env, contentDigest, origin, by, at: now().toISOString() });
    this.#note((lists) => lists.addSame(service, release.number, origin.of));
    return this.#start(release, () => builder.reuse(service, { of: origin.of, release: release.number }));
  }

  /** Without its list a release is the same: its blobs are only collected sooner. */
  #note(change: (lists: BlobLists) => void): void {
    try {
      change(this.#parts.blobLists);
    } catch (error) {
      this.#parts.log(`noting which stored files stay: ${messageOf(error)}`);
    }
  }

  /** What changes the live release would, behind a newer one, bring the older image back. */
  #refuseBehind(service: string, of: number): void {
    const { store } = this.#parts;
    const live = store.live(service)?.number ?? of;
    if (live > of) {
      throw new MyPaasError(`Cannot change release ${of} of "${service}": release ${live} has just taken its place`, {
        hint: "Try again.",
      });
    }
    const newer = store.pending().find((release) => release.service === service && release.number > of);
    if (newer === undefined) return;
    const id = `${service}.${newer.number}`;
    throw new MyPaasError(`Cannot change release ${of} of "${service}": "${id}" is being deployed`, {
      hint: `Wait for it with mypaas attach ${id}, or end it with mypaas cancel ${id}.`,
    });
  }

  /** See `OpenDeploys`. */
  cancel(...what: Parameters<OpenDeploys["cancel"]>): readonly string[] {
    return this.#open.cancel(...what);
  }

  /** The live release when it has these files and, where it follows a tag, was built from what that leads to now. */
  async #current(
    service: ParsedService,
    contentDigest: string,
  ): Promise<{ readonly release: number; readonly warning?: string } | undefined> {
    const { store, builder } = this.#parts;
    const { name } = service.spec;
    const live = store.live(name);
    if (live?.contentDigest !== contentDigest) return undefined;
    const followed = followedImage(service);
    if (followed === undefined) return { release: live.number };
    const { current, ...told } = await builder.isCurrent({ service: name, release: live.number, followed });
    return current ? { release: live.number, ...told } : undefined;
  }

  #start(release: Release, makeImage: MakeImage): Deploy {
    const id = `${release.service}.${release.number}`;
    const deploy = this.work.begin(id, release.service);
    const open = this.#open.add(deploy, release.number);
    deploy.log.add({ kind: "accepted", deploy: id, service: release.service, release: release.number });
    this.work.run(deploy, async () => {
      if (open.cancel.signal.aborted) return;
      open.begun = true;
      await this.#carryOut(deploy, release, { makeImage, signal: open.cancel.signal });
    });
    return deploy;
  }

  async #carryOut(
    deploy: Deploy,
    release: Release,
    { makeImage, signal }: { readonly makeImage: MakeImage; readonly signal: AbortSignal },
  ): Promise<void> {
    const { log } = deploy;
    const { service, number } = release;
    const about = { service, release: number };
    const began = performance.now();
    const report = (event: DeployEvent) => log.add(event);
    const retry = () => this.work.retry(service);
    const counter = new VisitCounter(service, this.#parts.counts);
    try {
      const { tail } = await rollOut({ ...this.#parts, onUnfinished: retry }, release, {
        report,
        signal,
        build: async () => {
          const { image, imageId } = await makeImage(deploy, release, signal);
          this.#parts.store.setImage(service, number, image, imageId);
        },
      });
      this.#parts.onLive?.(this.#parts.store.release(service, number) ?? release);
      this.#note(() => forgetOldBlobLists(this.#parts, service));
      tail.catch((error) => {
        this.#parts.log(`${deploy.id}: taking the old release away: ${messageOf(error)}`, about);
        retry();
      }).finally(this.#parts.onIdle);
      const seconds = (performance.now() - began) / 1000;
      this.#parts.log(`${deploy.id}: live after ${seconds.toFixed(1)} s`, about);
      for (const note of await this.#parts.certificateNotes(release.spec)) log.add(note);
      log.add(this.#live(release, { seconds, visits: await counter.visits(), alreadyLive: false }));
    } catch (error) {
      const why = error instanceof MyPaasError ? messageOf(error) : traceOf(error);
      this.#parts.log(`${deploy.id}: ${why}`, about);
      this.#noteFailure(release, messageOf(error));
      log.add({ kind: "failed", deploy: deploy.id, error: this.#failure(error, release) });
    } finally {
      this.#open.delete(deploy);
    }
  }

  #noteFailure({ service, by }: Release, result: string): void {
    const { audit, now, log } = this.#parts;
    try {
      audit?.write({ at: now().toISOString(), actor: by, address: "", action: "deploy", subject: service, result });
    } catch (error) {
      log(`audit: the failed deploy of ${service}: ${messageOf(error)}`);
    }
  }

  #live(
    { service, number, spec }: Release,
    { seconds, visits, alreadyLive }: {
      readonly seconds: number;
      readonly visits?: Visits | undefined;
      readonly alreadyLive: boolean;
    },
  ): DeployEvent {
    const { urlsOf, address } = this.#parts;
    return { kind: "live", service, release: number, urls: urlsOf(spec), address, seconds, visits, alreadyLive };
  }

  /** A service that got its name from the server may be no website: that it does not answer requests is no fault then. */
  #failure(error: unknown, { spec }: Release): WireError {
    const failure = toWireError(error);
    const note = failure.kind === "notReady" ? autoDomainNote(spec, this.#parts.autoDomain) : undefined;
    return note === undefined ? failure : { ...failure, hint: [failure.hint, `${note}.`].filter(Boolean).join(" ") };
  }

  #finished(id: string, service: string, ...events: readonly DeployEvent[]): Deploy {
    const log = new DeployLog(this.#parts.now);
    for (const event of events) log.add(event);
    return { id, service, log };
  }
}
