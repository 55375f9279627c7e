import * as v from "valibot";
import type { BuilderKind } from "../service/builder_syntax.ts";
import { apiPath, decodeAs, type DockerRequest, type DockerStream, ignoreAnswer, LabelsSchema } from "./request.ts";
import { jsonLines } from "./streams.ts";

const HealthcheckSchema = v.object({
  Test: v.nullish(v.array(v.string())),
  Interval: v.optional(v.number()),
  Timeout: v.optional(v.number()),
  StartPeriod: v.optional(v.number()),
  StartInterval: v.optional(v.number()),
  Retries: v.optional(v.number()),
});

const ImageSchema = v.object({
  Id: v.string(),
  /** Such as `images.example.org/team/app@sha256:...`: how registries name it. */
  RepoDigests: v.nullish(v.array(v.string())),
  Config: v.nullish(v.object({
    Labels: v.optional(LabelsSchema, {}),
    Healthcheck: v.nullish(HealthcheckSchema),
    /** Instructions that a build on it begins with, such as `COPY . /app`. */
    OnBuild: v.nullish(v.array(v.string())),
  })),
});

/** An image as the Engine describes it. */
export type EngineImage = v.InferOutput<typeof ImageSchema>;

/** Looks at an image; 404 when it is not on the machine. */
export function inspectImage(image: string): DockerRequest<EngineImage> {
  return {
    action: `look at the image "${image}"`,
    method: "GET",
    path: apiPath(["images", image, "json"]),
    decode: decodeAs(ImageSchema),
  };
}

/** Takes a name off an image, and removes the image with its last name. 404 when there is none, 409 when it is used. */
export function removeImage(image: string): DockerRequest<void> {
  return {
    action: `remove the image "${image}"`,
    method: "DELETE",
    path: apiPath(["images", image]),
    decode: ignoreAnswer,
  };
}

/** Gives an image one more name. 404 when there is no such image. */
export function tagImage(image: string, name: string): DockerRequest<void> {
  const { fromImage: repo, tag } = splitImage(name);
  return {
    action: `name the image "${image}" ${name}`,
    method: "POST",
    path: apiPath(["images", image, "tag"], { repo, tag }),
    decode: ignoreAnswer,
  };
}

const ImageListSchema = v.array(v.object({ Id: v.string(), RepoTags: v.nullish(v.array(v.string())) }));

/** Names of the images that carry the labels; the id of one without a name. */
export function listImages(labels: readonly string[]): DockerRequest<readonly string[]> {
  return {
    action: "list the images",
    method: "GET",
    path: apiPath(["images", "json"], { filters: { label: labels } }),
    decode: (answer) =>
      v.parse(ImageListSchema, answer).flatMap(({ Id, RepoTags }) => {
        const names = (RepoTags ?? []).filter((name) => !name.startsWith("<none>"));
        return names.length > 0 ? names : [Id];
      }),
  };
}

/** One line of progress of a pull, an import or a build; a failure is a line too, under status 200. */
const ProgressSchema = v.object({
  id: v.optional(v.string()),
  aux: v.optional(v.unknown()),
  /** Text of the classic builder. */
  stream: v.optional(v.string()),
  /** `code` is the exit code of an instruction; only the classic builder gives it. */
  errorDetail: v.optional(v.object({ message: v.optional(v.string()), code: v.optional(v.number()) })),
  /** What Engines before API 1.48 sent beside `errorDetail`. */
  error: v.optional(v.string()),
});

export type EngineProgress = v.InferOutput<typeof ProgressSchema>;

/** The failure that a line of progress tells; undefined when it tells none. */
export function progressError({ errorDetail, error }: EngineProgress): string | undefined {
  return errorDetail?.message ?? error;
}

/** Pulls an image from its registry. @param headers what `registryAuth` gives */
export function pullImage(
  image: string,
  headers: Readonly<Record<string, string>> = {},
): DockerStream<EngineProgress> {
  return {
    action: `pull the image "${image}"`,
    method: "POST",
    path: apiPath(["images", "create"], splitImage(image)),
    headers,
    decode: progress,
  };
}

/** Makes an image of one layer, the tar, with labels. */
export function importImage(
  image: string,
  tar: ReadableStream<Uint8Array>,
  labels: Readonly<Record<string, string>>,
): DockerStream<EngineProgress> {
  const { fromImage, tag } = splitImage(image);
  const changes = Object.entries(labels).map(([name, value]) => `LABEL ${name}=${JSON.stringify(value)}`).join("\n");
  return {
    action: `import the image "${image}"`,
    method: "POST",
    path: apiPath(["images", "create"], { fromSrc: "-", repo: fromImage, tag, changes: changes || undefined }),
    body: tar,
    decode: progress,
  };
}

/** Images with these names, and the layers that they share once, as one tar (`docker save`). 404 when one is not there. */
export function saveImages(images: readonly string[]): DockerStream<Uint8Array> {
  return {
    action: `save ${images.length === 1 ? "the image" : "the images"} ${images.join(", ")}`,
    method: "GET",
    path: `${apiPath(["images", "get"])}?${images.map((name) => `names=${encodeURIComponent(name)}`).join("&")}`,
    decode: (answer) => answer,
  };
}

/** Makes images of what `saveImages` gave, with their names. */
export function loadImages(tar: ReadableStream<Uint8Array>): DockerStream<EngineProgress> {
  return {
    action: "load the images",
    method: "POST",
    path: apiPath(["images", "load"], { quiet: true }),
    body: tar,
    decode: progress,
  };
}

const DistributionSchema = v.object({ Descriptor: v.object({ digest: v.string() }) });

/** Asks the registry of an image for the digest that its tag leads to now. @param headers what `registryAuth` gives */
export function remoteDigest(image: string, headers: Readonly<Record<string, string>>): DockerRequest<string> {
  return {
    action: `ask for the image "${image}"`,
    method: "GET",
    path: apiPath(["distribution", image, "json"]),
    headers,
    decode: (answer) => v.parse(DistributionSchema, answer).Descriptor.digest,
  };
}

/** Builds an image out of a tar. The classic builder is told to leave no container of a step behind. */
export function buildImage(
  options: {
    readonly builder: BuilderKind;
    readonly image: string;
    readonly dockerfile: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly buildargs: Readonly<Record<string, string>>;
    readonly cgroup?: string | undefined;
    /** What `registryConfig` gives. */
    readonly headers?: Readonly<Record<string, string>>;
  },
  context: ReadableStream<Uint8Array>,
): DockerStream<EngineProgress> {
  const { builder, image, dockerfile, labels, buildargs, cgroup, headers = {} } = options;
  const kind = builder === "classic" ? { version: 1, rm: true, forcerm: true } : { version: 2 };
  return {
    action: `build "${image}"`,
    method: "POST",
    path: apiPath(["build"], {
      ...kind,
      t: image,
      dockerfile,
      labels,
      buildargs,
      networkmode: "default",
      cgroupparent: cgroup,
    }),
    headers,
    body: context,
    decode: progress,
  };
}

/** Splits the name of an image for `POST /images/create`: its tag or digest, `latest` when it has none. */
export function splitImage(image: string): { readonly fromImage: string; readonly tag: string } {
  const [named = "", digest] = image.split("@");
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const name = colon < 0 ? named : named.slice(0, colon);
  return { fromImage: name, tag: digest ?? (colon < 0 ? "latest" : named.slice(colon + 1)) };
}

const decodeProgress = decodeAs(ProgressSchema);

async function* progress(answer: AsyncIterable<Uint8Array>): AsyncIterable<EngineProgress> {
  for await (const line of jsonLines(answer)) yield decodeProgress(line);
}
