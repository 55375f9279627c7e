import { UsageError } from "../error.ts";
import { type BuilderKind, checkBuilderSyntax } from "./builder_syntax.ts";
import { type Dockerfile, dockerfileError, quoted, readDockerfile } from "./dockerfile.ts";
import { baseImages } from "./dockerfile_images.ts";
import { isOurLabel, userLabels } from "./dockerfile_labels.ts";
import { type Given, GivenOptions } from "./given_options.ts";
import { NO_DOMAIN } from "./option_values.ts";
import { options } from "./options.ts";
import { SECRETS_FOLDER } from "./secret_files.ts";
import { publishedName, type PublishedPort, type ServiceSpec, type Site, type Volume } from "./spec.ts";

/** What a Dockerfile says about its service. */
export interface ParsedService {
  readonly spec: ServiceSpec;
  /** Whether it says that the service has no domain, also where the server gives every service one. */
  readonly noDomain: boolean;
  /** The images it names, in order, each once; to be fenced with `checkImages` and pulled before the build. */
  readonly baseImages: readonly string[];
  /** Whether it has no instruction but one `FROM` (and `ARG`s), so that only the image's tag says what is deployed. */
  readonly onlyFrom: boolean;
}

export interface ParseServiceOptions {
  /** What the image is built for, such as `linux/arm64`; decides about `FROM build-$TARGETARCH`. */
  readonly platform?: string;
  /** What the server builds with; BuildKit unless said otherwise. */
  readonly builder?: BuilderKind;
}

/**
 * Reads the service that a Dockerfile defines.
 *
 * @param text decoded from UTF-8
 * @param file how messages name it
 * @throws {UsageError} for the first thing that is wrong: names file, line, value and what is allowed
 */
export function parseService(
  text: string,
  file: string,
  { platform, builder = "buildkit" }: ParseServiceOptions = {},
): ParsedService {
  const dockerfile = readDockerfile(text, file);
  const [from, ...more] = dockerfile.instructions.filter(({ keyword }) => keyword !== "ARG");
  if (!dockerfile.instructions.some(({ keyword }) => keyword === "FROM")) {
    throw new UsageError(`Cannot build ${file}: it has no FROM instruction`, {
      hint: "Begin it with the image to build on, such as FROM nginx:alpine",
    });
  }
  const spec = readSpec(dockerfile);
  const label = userLabels(dockerfile).find(isOurLabel);
  if (label) {
    throw dockerfileError(
      file,
      label.line,
      `the label ${quoted(label.key)} is not allowed; labels that begin with traefik. or mypaas. are set by MyPaas`,
      "Use the options # mypaas.domain and # mypaas.port instead",
    );
  }
  checkBuilderSyntax(dockerfile, builder);
  return {
    spec,
    noDomain: new GivenOptions(dockerfile).many(options.domain).some(({ value }) => value === NO_DOMAIN),
    baseImages: baseImages(dockerfile, { platform, buildArgs: spec.buildArgs, builder }),
    onlyFrom: from?.keyword === "FROM" && more.length === 0,
  };
}

/** What the owner of a service should know about its spec, in sentences for the plan. */
export function specNotes(spec: ServiceSpec): readonly string[] {
  if (spec.scale === 0) {
    const ports = spec.publish.map(publishedName);
    if (ports.length === 0) return [];
    return [
      `Connections to port ${
        ports.join(", ")
      } are refused from the stop of the old container to the start of the new one`,
    ];
  }
  return spec.volumes.filter(({ readOnly }) => !readOnly).map(({ target }) =>
    `The volume at ${target} has more than one writer while a deploy runs, because scale is ${spec.scale}`
  );
}

function readSpec(dockerfile: Dockerfile): ServiceSpec {
  const given = new GivenOptions(dockerfile);
  const name = given.one(options.servicename)?.value;
  if (name === undefined) {
    throw new UsageError(`Cannot deploy ${dockerfile.file}: it does not name its service`, {
      hint: `Add this line to it: # mypaas.servicename = ${options.servicename.example}`,
    });
  }
  const scale = given.oneOrDefault(options.scale);
  const drainDefault = scale === 0 ? options.drainTimeout.defaultAtScaleZero : options.drainTimeout.default;
  const sites = readSites(given);
  const environment = readEnv(given);
  return {
    name,
    sites,
    hsts: readHsts(given, sites),
    volumes: readVolumes(given, environment.fileEnv),
    port: given.oneOrDefault(options.port),
    publish: readPublish(given, scale),
    scale,
    peers: readPeers(given, name),
    ...environment,
    buildArgs: given.distinct(given.many(options.buildarg), (argument) => argument.name),
    healthcheck: given.one(options.healthcheck)?.value,
    maxMemoryBytes: given.one(options.maxmem)?.value,
    maxCpus: given.one(options.maxcpu)?.value,
    startTimeoutSeconds: given.oneOrDefault(options.startTimeout),
    drainTimeoutSeconds: given.oneOrDefault({ ...options.drainTimeout, default: drainDefault }),
    stopGraceSeconds: given.oneOrDefault(options.stopGrace),
  };
}

function readEnv(given: GivenOptions): Pick<ServiceSpec, "env" | "storedEnv" | "fileEnv"> {
  const variables = given.distinct(given.many(options.env), ({ name }) => name);
  const files = variables.filter(({ file }) => file === true);
  return {
    env: variables.flatMap(({ name, value }) => value === undefined ? [] : [{ name, value }]),
    storedEnv: variables.filter(({ value }) => value === undefined).map(({ name }) => name),
    fileEnv: files.length === 0 ? undefined : files.map(({ name }) => name).sort(),
  };
}

/** What hides the secrets, or would have to be made inside of them, where nothing can be. */
function readVolumes(given: GivenOptions, fileEnv: ServiceSpec["fileEnv"]): readonly Volume[] {
  const volumes = given.many(options.volume);
  const wrong = volumes.find(({ value }) => `${value.target}/`.startsWith(`${SECRETS_FOLDER}/`));
  if (fileEnv !== undefined && wrong !== undefined) {
    throw given.error(wrong.line, `${SECRETS_FOLDER} has the service's secrets: ${fileEnv.join(", ")}`);
  }
  return given.distinct(volumes, ({ target }) => target);
}

function readSites(given: GivenOptions): readonly Site[] {
  const https = given.one(options.https);
  const urls = given.many(options.url);
  const domains = readDomains(given, urls);
  if (https?.value === true && domains.length === 0) {
    const hint = urls.length > 0
      ? "A url says it itself: leave the line out"
      : `Add this line: # mypaas.domain = ${options.domain.example}`;
    throw given.error(https.line, "it is about domains, and none is set", hint);
  }
  const byDomain = domains.map(({ value, line }) => ({
    value: { domain: value, path: "/", https: https?.value ?? false },
    line,
  }));
  return given.distinct([...byDomain, ...urls], ({ domain, path }) => path === "/" ? domain : domain + path);
}

function readDomains(given: GivenOptions, urls: readonly Given<Site>[]): readonly Given<string>[] {
  const domains = given.many(options.domain);
  const none = domains.find(({ value }) => value === NO_DOMAIN);
  if (none === undefined) return domains;
  const other = [...domains, ...urls].find((one) => one !== none);
  if (other === undefined) return [];
  throw given.error(none.line, `none stands alone, and line ${other.line.line} gives another`);
}

function readHsts(given: GivenOptions, sites: readonly Site[]): boolean {
  const hsts = given.one(options.hsts);
  if (hsts?.value === true && !sites.some(({ https }) => https)) {
    const hint = "Add # mypaas.https = true and a domain, or a url that begins with https://";
    throw given.error(hsts.line, "it is about https, and no domain has it", hint);
  }
  return hsts?.value ?? false;
}

function readPeers(given: GivenOptions, name: string): readonly string[] | undefined {
  const isolated = given.one(options.isolated);
  if (isolated?.value?.includes(name)) {
    const hint = "Leave it out: a service reaches itself; true keeps every other one off";
    throw given.error(isolated.line, `${quoted(name)} is this service itself, and it takes other ones`, hint);
  }
  return given.oneOrDefault(options.isolated);
}

function readPublish(given: GivenOptions, scale: number): readonly PublishedPort[] {
  const ports = given.many(options.publish);
  const [first] = ports;
  if (first !== undefined && scale > 0) {
    throw given.error(
      first.line,
      `one port of the server cannot lead to an old and a new container at once, and scale is ${scale}`,
      "Leave scale out, or publish out",
    );
  }
  return given.distinct(ports, publishedName);
}
