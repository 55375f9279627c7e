import { planDeploy, takeoverOf } from "../deploy/plan.ts";
import { describeStep } from "../deploy/step.ts";
import type { Release } from "../deploy/store.ts";
import { autoDomainNote } from "../service/auto_domain.ts";
import { specNotes } from "../service/parse_service.ts";
import { type Compared, specChanges } from "../service/spec_changes.ts";
import type { ServiceSpec, Volume } from "../service/spec.ts";
import type { DeployPlan } from "../wire/deploy_plan.ts";

export interface PlanParts {
  /** Public addresses of a service's sites. */
  readonly urlsOf: (spec: ServiceSpec) => readonly string[];
  /** What services without a domain are reached under. */
  readonly autoDomain?: string | undefined;
  /** Where on the server the data of a volume is, for the owner. Makes nothing. */
  readonly volumePlace: (service: string, volume: Volume) => Promise<string> | string;
}

export interface PlanInput {
  readonly next: Compared;
  /** The number that the next release would get. */
  readonly number: number;
  readonly live: Release | undefined;
  /** Whether the live release is the same and is left alone. */
  readonly alreadyLive: boolean;
  /** The image whose tag alone decides what the service runs; a plan does not pull it. */
  readonly followed: string | undefined;
  /** Whether a deploy of the service is under way. */
  readonly busy: boolean;
  /** Whether the live release was stopped by hand. */
  readonly stopped: boolean;
}

/** What a deploy would do. Changes nothing. */
export async function deployPlan(parts: PlanParts, input: PlanInput): Promise<DeployPlan> {
  const { next, number, live, alreadyLive, followed, busy, stopped } = input;
  const { spec } = next;
  const service = spec.name;
  const notes = [
    ...specNotes(spec),
    autoDomainNote(spec, parts.autoDomain),
    alreadyLive && followed !== undefined
      ? `A deploy pulls ${followed} first, and does nothing only if that is the image which runs`
      : undefined,
    busy ? "Another deploy of it is under way: this plan goes by what is live now" : undefined,
    stopped ? "It is stopped: a deploy starts it" : undefined,
  ];
  return {
    service,
    release: alreadyLive && live !== undefined ? live.number : number,
    liveRelease: live?.number,
    alreadyLive,
    ...takeoverOf(spec, live),
    steps: alreadyLive ? [] : planDeploy({ service, number, spec, places: [] }, live).map(describeStep),
    urls: parts.urlsOf(spec),
    volumes: await Promise.all(spec.volumes.map(async (volume) => ({
      place: await parts.volumePlace(service, volume),
      target: volume.target,
      readOnly: volume.readOnly,
    }))),
    publish: spec.publish,
    changes: live === undefined ? [] : specChanges(next, live),
    notes: notes.filter((note) => note !== undefined),
  };
}
