/** One replica of a release; its plain name is `<service>.<release>.<n>`. */
export interface ReplicaId {
  readonly service: string;
  readonly release: number;
  /** From 1. */
  readonly n: number;
}

/** The words' name of a replica: `blog.7.1`. */
export function replicaName({ service, release, n }: ReplicaId): string {
  return `${service}.${release}.${n}`;
}

/** The words' name of a container of a release that does one command: `blog.7.run-1a2b3c4d`. */
export function oneOffName(service: string, release: number, token: string): string {
  return `${service}.${release}.run-${token}`;
}

/** Labels by which we know our own Docker objects; nothing without `instance` is ever touched. */
export const Label = {
  /** The server id. */
  instance: "mypaas.instance",
  /** `traefik`, `receiver`, `daemon`, `replica`, `one-off`. */
  part: "mypaas.part",
  service: "mypaas.service",
  release: "mypaas.release",
  replica: "mypaas.replica",
  /** Id of the image that one of nothing but `FROM` was made of. */
  base: "mypaas.base",
} as const;

/** Whether an image is one that MyPaas built, under any root of the machine. */
export function isServiceImage(image: string): boolean {
  return /^mypaas(-[0-9a-f]{6})?\//.test(image);
}

/** Names of the Docker objects of one root. */
export interface ObjectNames {
  readonly networks: {
    readonly internal: string;
    readonly ingress: string;
    readonly entry: string;
    readonly admin: string;
  };
  /** The network on which only some services find the name of an isolated one: `mypaas-svc-blog`. */
  ownNetwork(service: string): string;
  readonly traefik: string;
  readonly receiver: string;
  readonly daemon: string;
  readonly receiverImage: string;
  /** `blog.7.1`, or `ab12cd-blog.7.1` under a second root. */
  replica(id: ReplicaId): string;
  /** `blog.7.run-1a2b3c4d`, or `ab12cd-blog.7.run-1a2b3c4d`. */
  oneOff(service: string, release: number, token: string): string;
  /** `mypaas/blog:7`, or `mypaas-ab12cd/blog:7`: never the name of an image that a registry has, such as `redis:7`. */
  image(service: string, release: number): string;
  /** `blog.data`, or `ab12cd-blog.data`. */
  volume(service: string, name: string): string;
}

/**
 * Names the Docker objects of a root.
 *
 * @param shortId empty for the root `/`; six hex digits of the server id for any other, so that roots live side by side
 */
export function objectNames(shortId: string): ObjectNames {
  const own = shortId === "" ? "mypaas" : `mypaas-${shortId}`;
  const prefix = shortId === "" ? "" : `${shortId}-`;
  return {
    networks: { internal: own, ingress: `${own}-ingress`, entry: `${own}-entry`, admin: `${own}-admin` },
    ownNetwork: (service) => `${own}-svc-${service}`,
    traefik: `${own}-traefik`,
    receiver: `${own}-receiver`,
    daemon: `${own}-daemon`,
    receiverImage: `${own}-receiver:base`,
    replica: (id) => prefix + replicaName(id),
    oneOff: (service, release, token) => prefix + oneOffName(service, release, token),
    image: (service, release) => `${own}/${service}:${release}`,
    volume: (service, name) => `${prefix}${service}.${name}`,
  };
}
