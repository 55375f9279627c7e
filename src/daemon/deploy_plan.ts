import { describeStep, planDeploy, takeoverOf } from "../deploy/plan.ts";
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
  /** Where a volume is on the server: a path, or the name of a Docker volume. Makes nothing. */
  readonly volumePlace: (service: string, volume: Volume) => Promise<string>;
}

export interface PlanInput {
  readonly next: Compared;
  /** The number that the next release would get. */
  readonly number: number;
  readonly live: Release | undefined;
  /** Whether the live release is the same and is left alone. */
  readonly alreadyLive: boolean;
  /** Whether a deploy of the service is under way. */
  readonly busy: boolean;
}

/** What a deploy would do. Changes nothing. */
export async function deployPlan(parts: PlanParts, input: PlanInput): Promise<DeployPlan> {
  const { next, number, live, alreadyLive, busy } = input;
  const { spec } = next;
  const service = spec.name;
  const busyNote = busy ? "Another deploy of it is under way: this plan goes by what is live now" : undefined;
  const notes = [...specNotes(spec), autoDomainNote(spec, parts.autoDomain), busyNote];
  return {
    service,
    release: alreadyLive && live !== undefined ? live.number : number,
    liveRelease: live?.number,
    alreadyLive,
    ...takeoverOf(spec, live),
    steps: alreadyLive ? [] : planDeploy({ service, number, spec, places: [] }, live).map(describeStep),
    urls: parts.urlsOf(spec),
    volumes: await Promise.all(spec.volumes.map(async (volume) => ({
      kind: volume.kind === "bind" ? "folder" as const : "volume" as const,
      place: await parts.volumePlace(service, volume),
      target: volume.target,
      readOnly: volume.readOnly,
    }))),
    publish: spec.publish,
    changes: live === undefined ? [] : specChanges(next, live),
    notes: notes.filter((note) => note !== undefined),
  };
}
