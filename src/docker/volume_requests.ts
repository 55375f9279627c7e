import * as v from "valibot";
import { Label } from "../service/names.ts";
import { apiPath, decodeAs, type DockerRequest, ignoreAnswer, LabelsSchema } from "./request.ts";

/** Labels of a volume; 404 when there is none. */
export function volumeLabels(volume: string): DockerRequest<Record<string, string>> {
  const { decode, ...request } = inspectVolume(volume);
  return { ...request, decode: (answer) => decode(answer).Labels };
}

const VolumeSchema = v.object({
  Labels: LabelsSchema,
  /** The folder of the machine that it is. */
  Mountpoint: v.string(),
});

/** What a volume is. */
export type EngineVolume = v.InferOutput<typeof VolumeSchema>;

/** Looks at a volume; 404 when there is none. */
export function inspectVolume(volume: string): DockerRequest<EngineVolume> {
  return {
    action: `look at the volume "${volume}"`,
    method: "GET",
    path: apiPath(["volumes", volume]),
    decode: decodeAs(VolumeSchema),
  };
}

/** Makes a volume with labels; one that is there stays as it is. */
export function createVolume(name: string, labels: Readonly<Record<string, string>>): DockerRequest<EngineVolume> {
  return {
    action: `create the volume "${name}"`,
    method: "POST",
    path: apiPath(["volumes", "create"]),
    body: { Name: name, Labels: labels },
    decode: decodeAs(VolumeSchema),
  };
}

/** Names of the volumes that carry the labels. */
export function listVolumes(labels: readonly string[]): DockerRequest<readonly string[]> {
  const Schema = v.object({ Volumes: v.nullish(v.array(v.object({ Name: v.string() }))) });
  return {
    action: "list the volumes",
    method: "GET",
    path: apiPath(["volumes"], { filters: { label: labels } }),
    decode: (answer) => (v.parse(Schema, answer).Volumes ?? []).map(({ Name }) => Name),
  };
}

/** Removes a volume with its data. 404 when there is none, 409 when it is used. */
export function removeVolume(volume: string): DockerRequest<void> {
  return {
    action: `remove the volume "${volume}"`,
    method: "DELETE",
    path: apiPath(["volumes", volume]),
    decode: ignoreAnswer,
  };
}

const MountListSchema = v.array(v.object({
  Labels: LabelsSchema,
  Mounts: v.nullish(v.array(v.object({
    Type: v.optional(v.string(), ""),
    Source: v.optional(v.string(), ""),
    RW: v.optional(v.boolean(), true),
  }))),
}));

/** The folders of the machine that the containers with these labels have, running or not. */
export function listMounts(
  labels: readonly string[],
): DockerRequest<readonly { readonly service: string; readonly source: string; readonly readOnly: boolean }[]> {
  return {
    action: "list the folders of the containers",
    method: "GET",
    path: apiPath(["containers", "json"], { all: true, filters: { label: labels } }),
    decode: (answer) =>
      v.parse(MountListSchema, answer).flatMap(({ Labels, Mounts }) =>
        (Mounts ?? []).filter(({ Type }) => Type === "bind").map(({ Source, RW }) => ({
          service: Labels[Label.service] ?? "",
          source: Source,
          readOnly: !RW,
        }))
      ),
  };
}
