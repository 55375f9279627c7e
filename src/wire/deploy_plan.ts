import * as v from "valibot";
import type { SpecChange } from "../service/spec_changes.ts";
import type { PublishedPort } from "../service/spec.ts";
import { count, orUndefined, wholeNumber } from "./fields.ts";

/** Where a volume of the container is on the server. Deploys never empty it. */
export interface PlannedVolume {
  /** A path, or `the Docker volume NAME`. */
  readonly place: string;
  /** In the container. */
  readonly target: string;
  readonly readOnly: boolean;
}

/** What a deploy would do: the end of a dry run. */
export interface DeployPlan {
  readonly service: string;
  /** The release it would be; the live one when that is the same. */
  readonly release: number;
  readonly liveRelease: number | undefined;
  /** The live release has the same content, options and environment: nothing would be done, and there are no steps. */
  readonly alreadyLive: boolean;
  readonly order: "start-first" | "stop-first";
  /** Why this order, in one sentence. */
  readonly because: string;
  /** As `describeStep` (src/deploy/plan.ts) words them, in order. */
  readonly steps: readonly string[];
  readonly urls: readonly string[];
  readonly volumes: readonly PlannedVolume[];
  readonly publish: readonly PublishedPort[];
  /** Against the live release; none without one. */
  readonly changes: readonly SpecChange[];
  /** What the owner should know, a sentence each. */
  readonly notes: readonly string[];
}

const texts = v.array(v.string());
const port = wholeNumber(1, 65535);

/** The fields of a plan in the `planned` event. */
export const deployPlanFields = {
  service: v.string(),
  release: count,
  liveRelease: orUndefined(count),
  alreadyLive: v.boolean(),
  order: v.picklist(["start-first", "stop-first"]),
  because: v.string(),
  steps: texts,
  urls: texts,
  volumes: v.array(v.object({
    place: v.string(),
    target: v.string(),
    readOnly: v.boolean(),
  })),
  publish: v.array(v.object({ hostPort: port, port, protocol: v.picklist(["tcp", "udp"]) })),
  changes: v.array(v.object({
    option: v.string(),
    change: v.picklist(["added", "removed", "changed"]),
    value: v.string(),
    before: v.optional(v.string()),
  })),
  notes: texts,
} as const;
