import { Label } from "../../src/service/names.ts";

/** The Docker Engine as the tests look at it, past MyPaas: raw requests to the socket, no docker command needed. */
const client = Deno.createHttpClient({
  proxy: { transport: "unix", path: "/var/run/docker.sock" },
  poolMaxIdlePerHost: 0,
});

/** The fields the tests read of `GET /containers/{id}/json`. */
export interface Container {
  readonly Id: string;
  /** Id of its image. */
  readonly Image: string;
  readonly Name: string;
  readonly State: {
    readonly Running: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
    /** RFC 3339 */
    readonly StartedAt: string;
  };
  readonly Config: {
    readonly User: string;
    readonly Labels: Readonly<Record<string, string>>;
    readonly Image: string;
    readonly Env: readonly string[];
  };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Privileged: boolean;
    readonly CapAdd: readonly string[] | null;
    readonly CapDrop: readonly string[] | null;
    readonly RestartPolicy: { readonly Name: string };
    readonly SecurityOpt: readonly string[] | null;
  };
  readonly Mounts: readonly { readonly Source: string; readonly Destination: string; readonly RW: boolean }[];
  readonly NetworkSettings: {
    readonly Networks: Readonly<
      Record<string, { readonly IPAddress: string; readonly Aliases: readonly string[] | null }>
    >;
  };
}

/** All Docker objects of one server, by kind. */
export interface Owned {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly images: readonly string[];
  readonly volumes: readonly string[];
}

/** Makes one request; an answer of 400 and above is an error with Docker's words. */
export async function request(method: string, path: string, body?: BodyInit, type?: string): Promise<Response> {
  const init = body === undefined ? {} : { body, headers: { "content-type": type ?? "application/json" } };
  const response = await fetch(`http://docker/v1.41${path}`, { method, client, ...init });
  if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

async function post(path: string, body?: unknown): Promise<string> {
  return await (await request("POST", path, body === undefined ? undefined : JSON.stringify(body))).text();
}

async function get<T>(path: string): Promise<T> {
  return await (await request("GET", path)).json();
}

function filter(label: string): string {
  return `filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}`;
}

/** Everything that carries the label of a server. */
export async function owned(serverId: string): Promise<Owned> {
  const mine = filter(`${Label.instance}=${serverId}`);
  const [containers, networks, images, { Volumes }] = await Promise.all([
    get<{ Names: string[] }[]>(`/containers/json?all=true&${mine}`),
    get<{ Name: string }[]>(`/networks?${mine}`),
    get<{ RepoTags: string[] | null; Id: string }[]>(`/images/json?${mine}`),
    get<{ Volumes: { Name: string }[] | null }>(`/volumes?${mine}`),
  ]);
  return {
    containers: containers.map(({ Names }) => (Names[0] ?? "").slice(1)).sort(),
    networks: networks.map(({ Name }) => Name).sort(),
    images: images.flatMap(({ RepoTags, Id }) => RepoTags ?? [Id]).sort(),
    volumes: (Volumes ?? []).map(({ Name }) => Name).sort(),
  };
}

/**
 * Removes everything that carries the label of a server: for what a killed test run has left.
 *
 * @returns the networks that the Engine keeps until it is restarted: it counts an endpoint there that no container has
 * (seen with 20.10, where containers come and go at the same time)
 */
export async function removeOwned(serverId: string): Promise<readonly string[]> {
  const { containers, networks, images, volumes } = await owned(serverId);
  for (const name of containers) await request("DELETE", `/containers/${name}?force=true&v=true`);
  const stuck: string[] = [];
  for (const name of networks) {
    try {
      await request("DELETE", `/networks/${name}`);
    } catch (error) {
      const { Containers } = await get<{ Containers: object }>(`/networks/${name}`);
      if (!String(error).includes("has active endpoints") || Object.keys(Containers).length > 0) throw error;
      stuck.push(name);
    }
  }
  for (const name of images) await request("DELETE", `/images/${encodeURIComponent(name)}?force=true`);
  for (const name of volumes) await request("DELETE", `/volumes/${name}`);
  return stuck;
}

/** What the Engine answers, as it is: for what nothing else here reads. */
export async function look(path: string): Promise<string> {
  return await (await request("GET", path)).text();
}

/** Looks at a container by name or id. */
export async function inspect(name: string): Promise<Container> {
  return await get<Container>(`/containers/${name}/json`);
}

/** The containers of a service of this server, in the order of their names. */
export async function containersOf(serverId: string, service: string): Promise<readonly Container[]> {
  const list = await get<{ Id: string; Labels: Record<string, string> }[]>(
    `/containers/json?all=true&${filter(`${Label.instance}=${serverId}`)}`,
  );
  const looked = await Promise.all(
    // One that is removed between the two looks is not there.
    list.filter(({ Labels }) => Labels[Label.service] === service).map(({ Id }) =>
      inspect(Id).catch((error) => {
        if (!String(error).includes("404")) throw error;
      })
    ),
  );
  const found = looked.filter((container) => container !== undefined);
  return found.sort((a, b) => a.Name < b.Name ? -1 : 1);
}

export async function stopContainer(name: string): Promise<void> {
  await post(`/containers/${name}/stop?t=5`);
}

export async function startContainer(name: string): Promise<void> {
  await post(`/containers/${name}/start`);
}

/** Makes a container that does not run yet; the body is the Engine's. */
export async function createContainer(name: string, body: object): Promise<void> {
  await post(`/containers/create?name=${name}`, body);
}

/** Removes a container and its anonymous volumes, running or not. */
export async function removeContainer(name: string): Promise<void> {
  await (await request("DELETE", `/containers/${name}?force=true&v=true`)).body?.cancel();
}

/** `docker kill`: Docker does not start it again by itself. */
export async function killContainer(name: string): Promise<void> {
  await post(`/containers/${name}/kill`);
}

/** `docker restart`. */
export async function restartContainer(name: string): Promise<void> {
  await post(`/containers/${name}/restart?t=5`);
}

/** `docker exec`: runs a command inside a container and returns its output, stdout and stderr together, and exit code. */
export async function exec(
  name: string,
  command: readonly string[],
): Promise<{ readonly code: number; readonly output: string }> {
  const { Id }: { Id: string } = JSON.parse(
    await post(`/containers/${name}/exec`, { Cmd: command, AttachStdout: true, AttachStderr: true, Tty: true }),
  );
  const output = await post(`/exec/${Id}/start`, { Detach: false, Tty: true });
  const { ExitCode } = await get<{ ExitCode: number }>(`/exec/${Id}/json`);
  return { code: ExitCode, output: output.replaceAll("\r\n", "\n") };
}

/**
 * Makes an image of one layer out of a tar, such as an empty Debian root.
 *
 * @param changes Dockerfile instructions for its configuration, such as `ENV A=b`
 */
export async function importImage(
  name: string,
  tar: BodyInit,
  { changes = [] }: { readonly changes?: readonly string[] } = {},
): Promise<void> {
  const [repository = name, tag = "latest"] = name.split(":");
  const query = changes.map((change) => `&changes=${encodeURIComponent(change)}`).join("");
  const answer = await request(
    "POST",
    `/images/create?fromSrc=-&repo=${repository}&tag=${tag}${query}`,
    tar,
    "application/x-tar",
  );
  await answer.text();
}

/** Pulls an image without credentials. @returns whether it is on the machine now */
export async function pullImage(name: string): Promise<boolean> {
  const [repository = name, tag = "latest"] = name.split(":");
  await post(`/images/create?fromImage=${repository}&tag=${tag}`).catch(() => {});
  return await imageLabels(name) !== undefined;
}

/** The labels of an image, undefined when it is not on the machine. */
export async function imageLabels(name: string): Promise<Readonly<Record<string, string>> | undefined> {
  const list = await get<{ Labels: Readonly<Record<string, string>> | null }[]>(
    `/images/json?filters=${encodeURIComponent(JSON.stringify({ reference: [name] }))}`,
  );
  return list[0] && (list[0].Labels ?? {});
}

export async function removeImage(name: string): Promise<void> {
  await (await request("DELETE", `/images/${name}?force=true`)).body?.cancel();
}

export interface RunOptions {
  /** `/on/host:/in/container:ro` */
  readonly binds?: readonly string[];
  readonly env?: readonly string[];
  /** `uid:gid` */
  readonly user?: string;
  /** Options of mount(8) by folder. */
  readonly tmpfs?: Readonly<Record<string, string>>;
  /** `host`: the machine's own network; default: none. */
  readonly network?: "host" | "none";
}

/** Runs a container to its end and removes it. */
export async function runContainer(
  image: string,
  command: readonly string[],
  { binds = [], env = [], user = "", tmpfs = {}, network = "none" }: RunOptions,
): Promise<{ readonly code: number; readonly output: string }> {
  const { Id }: { Id: string } = JSON.parse(
    await post("/containers/create", {
      Image: image,
      Entrypoint: command,
      Tty: true,
      User: user,
      Env: env,
      HostConfig: { Binds: binds, Tmpfs: tmpfs, NetworkMode: network },
    }),
  );
  try {
    await post(`/containers/${Id}/start`);
    const { StatusCode }: { StatusCode: number } = JSON.parse(await post(`/containers/${Id}/wait`));
    const output = await (await request("GET", `/containers/${Id}/logs?stdout=1&stderr=1`)).text();
    return { code: StatusCode, output: output.replaceAll("\r\n", "\n") };
  } finally {
    await (await request("DELETE", `/containers/${Id}?force=true&v=true`)).body?.cancel();
  }
}

export interface DetachedContainer {
  readonly image: string;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `/on/host:/in/container:ro` */
  readonly binds: readonly string[];
  readonly network: string;
  /** Ports of this machine by port in the container. */
  readonly ports: Readonly<Record<number, number>>;
  /** `uid:gid` */
  readonly user?: string;
  readonly env?: readonly string[];
}

/** Starts a container that goes when it is disposed. */
export async function startDetached(
  container: DetachedContainer,
): Promise<AsyncDisposable & { readonly id: string }> {
  const { image, command, labels, binds, network, ports, user = "", env = [] } = container;
  const bindings = Object.entries(ports).map(([inside, port]) => [`${inside}/tcp`, [{ HostPort: String(port) }]]);
  const { Id }: { Id: string } = JSON.parse(
    await post("/containers/create", {
      Image: image,
      Cmd: command,
      User: user,
      Env: env,
      Labels: labels,
      ExposedPorts: Object.fromEntries(bindings.map(([port]) => [port, {}])),
      HostConfig: { Binds: binds, NetworkMode: network, PortBindings: Object.fromEntries(bindings) },
    }),
  );
  const remove = async () => {
    await (await request("DELETE", `/containers/${Id}?force=true&v=true`)).body?.cancel();
  };
  try {
    await post(`/containers/${Id}/start`);
  } catch (error) {
    await remove();
    throw error;
  }
  return { id: Id, [Symbol.asyncDispose]: remove };
}
