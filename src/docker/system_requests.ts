import * as v from "valibot";
import { Label } from "../service/names.ts";
import { apiPath, decodeAs, type DockerRequest, type DockerStream, LabelsSchema } from "./request.ts";
import { jsonLines } from "./streams.ts";

const VersionSchema = v.object({ Version: v.string(), MinAPIVersion: v.optional(v.string(), "1.12") });

/** The Engine's version and the oldest API it takes. */
export function engineVersion(): DockerRequest<v.InferOutput<typeof VersionSchema>> {
  return { action: "ask Docker's version", method: "GET", path: "/version", decode: decodeAs(VersionSchema) };
}

const InfoSchema = v.object({
  LiveRestoreEnabled: v.optional(v.boolean(), false),
  /** The folder with images and builds. */
  DockerRootDir: v.optional(v.string(), "/var/lib/docker"),
});

/** Settings of the Engine. */
export function engineInfo(): DockerRequest<v.InferOutput<typeof InfoSchema>> {
  return { action: "ask Docker's settings", method: "GET", path: "/info", decode: decodeAs(InfoSchema) };
}

const EventSchema = v.object({
  Action: v.string(),
  /** Nanoseconds since 1970; rounded to 256 of them, as a JavaScript number. */
  timeNano: v.number(),
  Actor: v.object({ Attributes: LabelsSchema }),
});

export type EngineEvent = v.InferOutput<typeof EventSchema>;

/** What happens to the replicas of a server. */
export function replicaEvents(instance: string, since: string): DockerStream<EngineEvent> {
  const label = [`${Label.instance}=${instance}`, `${Label.part}=replica`];
  return containerEvents(["start", "die", "health_status", "destroy"], label, since);
}

/** The ends of all containers of a server; `stop` follows on `die` when somebody asked Docker to stop it. */
export function containerEnds(instance: string, since: string): DockerStream<EngineEvent> {
  return containerEvents(["die", "stop"], [`${Label.instance}=${instance}`], since);
}

/** Only the last 256 events are kept by the Engine. */
function containerEvents(
  event: readonly string[],
  label: readonly string[],
  since: string,
): DockerStream<EngineEvent> {
  const filters = { type: ["container"], event, label };
  const decode = decodeAs(EventSchema);
  return {
    action: "watch the containers",
    method: "GET",
    path: apiPath(["events"], { since, filters }),
    async *decode(answer) {
      for await (const event of jsonLines(answer)) yield decode(event);
    },
  };
}
