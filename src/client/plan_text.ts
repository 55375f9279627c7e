import { publishedName, type PublishedPort } from "../service/spec.ts";
import type { SpecChange } from "../service/spec_changes.ts";
import type { DeployPlan, PlannedVolume } from "../wire/deploy_plan.ts";
import { counted, formatBytes, plainText } from "./plain_text.ts";

/** What a push would send, before compression, and of how much. */
export interface WouldSend {
  readonly files: number;
  readonly bytes: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
}

/** The lines of `mypaas plan`, which changes nothing: what a deploy would do, and with what. */
export function renderPlan(plan: DeployPlan, send?: WouldSend): readonly string[] {
  const { steps, urls, volumes, publish, notes } = plan;
  return [
    ...headLines(plan),
    ...steps.map((step, i) => `${i + 1}. ${step}`),
    ...urls.map((url) => `url: ${url}`),
    ...volumes.map((volume) => `volume: ${volumeText(volume)}`),
    ...publish.map((port) => `port: ${portText(port)}`),
    ...changeLines(plan),
    ...(send === undefined ? [] : [sendText(send)]),
    ...notes.map((note) => `note: ${note}`),
  ].map(plainText);
}

function headLines({ service, release, liveRelease, alreadyLive, order, because }: DeployPlan): readonly string[] {
  if (alreadyLive) {
    return [`${service} is already live: release ${release}; a deploy changes nothing (but with --force)`];
  }
  const before = liveRelease === undefined ? "none is live" : `${liveRelease} is live`;
  return [`${service}: a deploy makes release ${release}; ${before}`, `${order}: ${because}`];
}

function sendText({ files, totalFiles, bytes, totalBytes }: WouldSend): string {
  return `files: ${counted(files, "file")} of ${totalFiles} to send, ${formatBytes(bytes)} of ${
    formatBytes(totalBytes)
  }`;
}

function volumeText({ place, target, readOnly }: PlannedVolume): string {
  return `${target} is ${place}${readOnly ? ", read-only" : ""}; deploys keep what is in it`;
}

function portText(port: PublishedPort): string {
  return `${publishedName(port)} of the server leads to ${port.port} of the container`;
}

function changeLines({ alreadyLive, liveRelease, changes }: DeployPlan): readonly string[] {
  if (alreadyLive || liveRelease === undefined) return [];
  if (changes.length === 0) return ["change: no option and no variable"];
  return changes.map((change) => `change: ${changeText(change)}`);
}

function changeText({ option, change, value, before }: SpecChange): string {
  return before === undefined ? `${option} ${value} ${change}` : `${option} ${value}, was ${before}`;
}
