import type { BlobSource } from "../archive/blobs.ts";
import { manifestDigest } from "../archive/manifest_digest.ts";
import { checkQuotas, type ContextSize, type Quotas } from "../archive/quotas.ts";
import { UsageError } from "../error.ts";
import { withAutoDomain } from "../service/auto_domain.ts";
import type { BuilderKind } from "../service/builder_syntax.ts";
import { checkImages } from "../service/image_fence.ts";
import { isServiceImage } from "../service/names.ts";
import { type ParsedService, parseService } from "../service/parse_service.ts";
import type { ServiceSpec } from "../service/spec.ts";
import type { Chunk, Manifest, ManifestEntry } from "../wire/manifest.ts";
import type { DeployRequest } from "../wire/requests.ts";
import { checkChunks } from "./manifests.ts";

const MAX_DOCKERFILE_BYTES = 1 << 20;

export interface AcceptParts {
  /**
   * Refuses volumes outside of the volume root, and those of others.
   *
   * @param mayAct whether who asks may act on another service; undefined: on all
   */
  readonly checkVolumes: (spec: ServiceSpec, mayAct?: (service: string) => boolean) => Promise<void>;
  /** What images are built for, such as `linux/amd64`. */
  readonly platform: string;
  /** What services without a domain are reached under; undefined: they are not. */
  readonly autoDomain?: string | undefined;
  /** What images are built with. */
  readonly builderKind: BuilderKind;
  readonly quotas: Quotas;
}

/** A deploy request that may be carried out. */
export interface AcceptedDeploy {
  readonly service: ParsedService;
  /** Equal for two requests that would make the same release. */
  readonly contentDigest: string;
}

/**
 * Looks at everything that can be known of a request by itself before a release number is taken. Nothing is changed.
 *
 * @throws {UsageError} naming what is not allowed
 */
export async function acceptDeploy(
  parts: AcceptParts,
  request: DeployRequest,
  { source, mayAct }: { readonly source: BlobSource; readonly mayAct?: ((service: string) => boolean) | undefined },
): Promise<AcceptedDeploy> {
  checkQuotas(sizeOf(request.manifest), parts.quotas, `Cannot deploy "${request.service}"`);
  const text = await readDockerfile(request, source);
  const service = parseService(text, request.dockerfile, {
    platform: parts.platform,
    builder: parts.builderKind,
  });
  const spec = withAutoDomain(service, parts.autoDomain);
  if (spec.name !== request.service) {
    throw new UsageError(`Cannot deploy "${request.service}": its Dockerfile names the service "${spec.name}"`);
  }
  checkImages(service.baseImages, isServiceImage);
  await parts.checkVolumes(spec, mayAct);
  const content = JSON.stringify([await manifestDigest(request.manifest), request.dockerfile, spec]);
  return { service: { ...service, spec }, contentDigest: await sha256Hex(content) };
}

/**
 * The image whose tag decides alone what a service runs: that of a Dockerfile of one `FROM`. A digest leads nowhere else,
 * so it is not followed.
 */
export function followedImage({ onlyFrom, baseImages }: ParsedService): string | undefined {
  const image = onlyFrom ? baseImages.at(-1) : undefined;
  return image?.includes("@") ? undefined : image;
}

/** What a manifest describes. */
export function sizeOf({ entries }: Manifest): ContextSize {
  return {
    files: entries.length,
    bytes: entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0),
  };
}

/** The parts of all files of a manifest; the same one may be there more than once. */
export function chunksOf({ entries }: Manifest): readonly Chunk[] {
  return entries.flatMap((entry) => entry.type === "file" ? entry.chunks : []);
}

/** The chunks of one file, read and joined. */
async function readDockerfile({ service, dockerfile, manifest }: DeployRequest, source: BlobSource): Promise<string> {
  const entry = manifest.entries.find(({ path }) => path === dockerfile);
  if (entry === undefined || entry.type !== "file") {
    throw new UsageError(`Cannot deploy "${service}": the files that were sent have no "${dockerfile}"`);
  }
  if (entry.size > MAX_DOCKERFILE_BYTES) {
    throw new UsageError(
      `Cannot read "${dockerfile}": it has ${entry.size} bytes, allowed are ${MAX_DOCKERFILE_BYTES}`,
    );
  }
  return new TextDecoder().decode(await readAll(service, entry, source));
}

async function readAll(service: string, entry: ManifestEntry & { readonly type: "file" }, source: BlobSource) {
  await checkChunks({ service, manifest: { entries: [entry] } }, source);
  const all = new Uint8Array(entry.size);
  let at = 0;
  for (const chunk of entry.chunks) {
    all.set(await source.read(service, chunk), at);
    at += chunk.size;
  }
  return all;
}

async function sha256Hex(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
