/** A Dockerfile that somebody pushes whose key is for the service `evil` alone. */
export interface ScopedPush {
  readonly name: string;
  /** Written `# mypaas.<option>`. */
  readonly options?: readonly string[];
  /** Instructions before `FROM`. */
  /** The first line. */
  readonly first?: string;
  readonly head?: readonly string[];
  readonly from?: string;
  /** Lines behind it. */
  readonly instructions?: readonly string[];
  readonly says: string;
  /** The Dockerfile says it itself, so the laptop of who pushes it refuses already. */
  readonly onLaptop?: boolean;
}

export interface Targets {
  /** The name and the id of the image of another service. */
  readonly image: string;
  readonly imageId: string;
  /** The volume root. */
  readonly volumes: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** The folder of the state. */
  readonly state: string;
}

/** Every way to get at what is not one's own by a Dockerfile. `left` is a folder of the volume root that no service has. */
export function scopedPushes({ image, imageId, volumes, httpPort, httpsPort, state }: Targets): readonly ScopedPush[] {
  const volume = (source: string, says: string): ScopedPush => ({
    name: `the volume ${source}`,
    options: [`volume = ${source}:/x`],
    says,
  });
  const foreign = `it belongs to a service`;
  return [
    { name: "a domain of another service", options: ["domain = victim.test"], says: 'it belongs to "victim"' },
    { name: "a path of it", options: ["url = http://victim.test/admin"], says: '"victim" has that domain' },
    { name: "its domain with https", options: ["url = https://victim.test"], says: 'it belongs to "victim"' },
    volume("~/victim", '"victim" has it'),
    volume(`${volumes}/victim`, '"victim" has it'),
    volume("~/victim/sub", 'a volume of "victim"'),
    volume("~/left", "it is there already"),
    volume("/etc", "it is not under"),
    volume(`${volumes}-other/x`, "it is not under"),
    volume("/var/run/docker.sock", "it is not under"),
    volume("~/evil/link", "it is not under"),
    volume("~/evil/sub", 'inside "~/evil"'),
    { name: "a port of the server", options: ["publish = 2222:22"], says: "your key is not for all services" },
    { name: "its port for http", options: [`publish = ${httpPort}:80`], says: "it is the server's own" },
    { name: "another service's image", from: image, says: foreign },
    { name: "its image by a longer name", from: `docker.io/${image}`, says: foreign },
    { name: "its image by its id", from: imageId, says: "Cannot use the image" },
    { name: "its image by an argument", head: [`ARG BASE=${image}`], from: "$BASE", says: foreign },
    { name: "files of its image", instructions: [`COPY --from=${image} / /stolen`], says: foreign },
    {
      name: "a mount of its image",
      instructions: [`RUN --mount=from=${image},target=/m cp -r /m /stolen`],
      says: foreign,
    },
    { name: "a label of Traefik", instructions: ["LABEL traefik.enable=true"], says: "is not allowed", onLaptop: true },
    {
      name: "a label of ours",
      instructions: ['LABEL "mypaas.service"=victim'],
      says: "is not allowed",
      onLaptop: true,
    },
    { name: "its image with a digest", from: `${image}@sha256:${"0".repeat(64)}`, says: foreign },
    { name: "its image by a shorter id", from: imageId.replace("sha256:", "").slice(0, 12), says: "Cannot " },
    { name: "its image in a later stage", instructions: [`FROM ${image} AS last`], says: foreign },
    { name: "its image by ONBUILD", instructions: [`ONBUILD COPY --from=${image} / /stolen`], says: foreign },
    {
      name: "its image to read the Dockerfile",
      first: `# syntax=${image}`,
      says: "cannot be the syntax",
      onLaptop: true,
    },
    {
      name: "a reader of Dockerfiles of one's own",
      first: "# syntax=evil/frontend",
      says: "cannot be the syntax",
      onLaptop: true,
    },
    {
      name: "a reader of one's own by an argument",
      onLaptop: true,
      options: ["buildarg = BUILDKIT_SYNTAX=evil/frontend"],
      says: "is set by the build itself",
    },
    {
      name: "another service's build cache by an argument",
      onLaptop: true,
      options: ["buildarg = BUILDKIT_CACHE_MOUNT_NS=victim"],
      says: "is set by the build itself",
    },
    {
      name: "a secret of the builder",
      onLaptop: true,
      instructions: ["RUN --mount=type=secret,id=TOKEN cat /run/secrets/TOKEN"],
      says: "needs a BuildKit session",
    },
    { name: "a build without a fence", instructions: ["RUN --security=insecure id"], says: "Cannot " },
    { name: "the port for https", options: [`publish = ${httpsPort}:80`], says: "it is the server's own" },
    { name: "a path with ..", options: ["volume = ~/evil/../victim:/x"], says: "Cannot ", onLaptop: true },
    { name: "Docker's folder", options: ["volume = /var/lib/docker:/x"], says: "it is not under" },
    { name: "the state", options: [`volume = ${state}:/x`], says: "it is not under" },
    { name: "a name of ours", options: ["servicename = mypaas-receiver"], says: "Cannot ", onLaptop: true },
    { name: "the name of Traefik", options: ["servicename = traefik"], says: "Cannot ", onLaptop: true },
    {
      name: "another service's secret",
      options: ["env = TOKEN@file"],
      says: "from the service's store, which lacks it",
    },
    { name: "another service's secret as a variable", options: ["env = TOKEN"], says: "which lacks it" },
  ];
}
