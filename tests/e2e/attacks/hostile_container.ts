/** What code inside a container of a service tries. */
export interface Attempt {
  readonly name: string;
  /** For `sh -c`, in busybox. */
  readonly command: string;
  /** What a refusal says. */
  readonly says: RegExp;
  /** Whether it comes as far as to the daemon, which then has a line about it in the audit. */
  readonly audited?: boolean;
  /** Run with the programs of the server, in the network of the container. */
  readonly outside?: boolean;
}

/** Where things are that no service may reach. */
export interface Surroundings {
  readonly traefik: readonly string[];
  readonly receiver: readonly string[];
  /** The server's own addresses on the networks of services. */
  readonly gateways: readonly string[];
  /** Traefik where a service reaches it. */
  readonly door: string;
  readonly address: string;
  readonly httpPort: number;
  /** The network of names. */
  readonly internal: string;
}

const UNREACHED = /can't connect|timed out|[Uu]nreachable|refused/;
/** nslookup has asked. Name servers outside of Docker say that there is no such name, or say it by an empty answer. */
const ASKED_NAMES = /Server:|timed out/;
const MISSING = /No such file|can't open|not found/;
const FORBIDDEN = /not permitted|[Pp]ermission denied|Read-only|not allowed|superuser/;

/** Everything that root in a container without privileges tries against the server around it. */
export function containerAttempts(around: Surroundings): readonly Attempt[] {
  return [...networkAttempts(around), ...kernelAttempts(around)];
}

/** A request over plain http. The `wget` of a busybox that was linked statically ends by itself when it looks up a port. */
function ask(to: string, port: number, { host = to, path = "/", method = "GET" } = {}): string {
  return `printf '${method} ${path} HTTP/1.0\\r\\nHost: ${host}\\r\\n\\r\\n' | nc -w 3 ${to} ${port}`;
}

function networkAttempts(
  { traefik, receiver, gateways, door, address, httpPort, internal }: Surroundings,
): readonly Attempt[] {
  const at = (name: string, addresses: readonly string[], port: number, path: string) =>
    addresses.map((to) => ({ name: `${name} at ${to}`, command: ask(to, port, { path }), says: UNREACHED }));
  const named = (name: string, host: string) => ({
    name,
    // The first lines tell the name server's own address.
    command: `a=$(nslookup ${host} 2>&1); echo "$a"; echo "$a" | sed '1,/^$/d' | grep '^Address'`,
    says: ASKED_NAMES,
  });
  const notThere = (name: string, command: string) => ({ name, command: `${command}; false`, says: /404 Not Found/ });
  // What nobody signed, from the container's place in the network: no busybox speaks TLS.
  const unsigned = (name: string, path: string, says: RegExp, ...more: readonly string[]) => ({
    name,
    command: `curl -sSk --max-time 20 ${more.join(" ")} --connect-to ::${door}:443 https://${address}${path}; false`,
    says,
    outside: true,
    audited: true,
  });
  return [
    ...at("Traefik's API", traefik, 8080, "/api/rawdata"),
    ...at("Traefik's metrics", traefik, 8080, "/metrics"),
    ...at("the receiver, past Traefik,", receiver, 8080, "/v1/hello"),
    ...at("Docker's port", gateways, 2375, "/info"),
    named("an isolated service by its name", "victim"),
    named("an isolated service by its container's name", "victim.1.1"),
    named("an isolated service by its network's name", `victim.${internal}`),
    notThere("Traefik's API by its door for visitors", ask(door, 80, { host: address, path: "/api/rawdata" })),
    notThere("the page of what Traefik routes", ask(door, 80, { path: "/dashboard/" })),
    notThere(
      "a deploy over plain http that nobody signed",
      ask(door, 80, { host: address, path: "/v1/deploy", method: "POST" }),
    ),
    {
      name: "a deploy by the server's own port",
      command: `${ask(gateways[0] ?? "", httpPort, { host: address, path: "/v1/deploy" })}; false`,
      // Where Docker's proxy leads back into its own network there is an answer.
      says: /404 Not Found|timed out|can't connect/,
    },
    unsigned("the list of services that nobody signed", "/v1/services", /it is not signed/),
    unsigned("another service's logs that nobody signed", "/v1/services/victim/logs", /it is not signed/),
    unsigned("a deploy that nobody signed", "/v1/deploy?service=victim", /it is not signed/, "-d '{}'"),
    unsigned("an invite that nobody made", "/v1/login", /Cannot /, "-d '{}'"),
  ];
}

function kernelAttempts({ traefik }: Surroundings): readonly Attempt[] {
  return [
    { name: "Docker's socket", command: "ls /var/run/docker.sock /run/docker.sock", says: MISSING },
    { name: "the daemon's socket", command: "ls /run/mypaas", says: MISSING },
    { name: "the state", command: "ls /var/lib/mypaas", says: MISSING },
    { name: "Docker's folder", command: "ls /var/lib/docker", says: MISSING },
    { name: "the volume root", command: "ls /srv/mypaas", says: MISSING },
    { name: "another service's secrets", command: "ls /run/secrets", says: MISSING },
    { name: "a file system of the server", command: "mkdir -p /m && mount -t proc proc /m", says: FORBIDDEN },
    { name: "a bind mount", command: "mkdir -p /m && mount --bind / /m", says: FORBIDDEN },
    { name: "a disk of the server", command: "mknod /disk b 8 0; head -c 1 /disk", says: FORBIDDEN },
    { name: "the server's memory", command: "mknod /mem c 1 1; head -c 1 /mem", says: FORBIDDEN },
    { name: "a new namespace", command: "unshare -m true", says: FORBIDDEN },
    { name: "the namespaces of another process", command: "nsenter -t 1 -m true", says: FORBIDDEN },
    { name: "a setting of the kernel", command: "echo x > /proc/sys/kernel/core_pattern", says: /Read-only/ },
    {
      name: "a control group of its own",
      command: "mkdir /sys/fs/cgroup/memory/x || mkdir /sys/fs/cgroup/x && false",
      says: /Read-only/,
    },
    { name: "packets of its own making", command: `ping -c 1 -W 1 ${traefik[0]}`, says: FORBIDDEN },
    { name: "another address", command: "ip addr add 10.99.0.1/24 dev eth0", says: FORBIDDEN },
    { name: "another way out", command: "ip route add 10.99.0.0/24 dev eth0", says: FORBIDDEN },
    { name: "another name of the machine", command: "hostname taken", says: FORBIDDEN },
    { name: "the kernel's log", command: "dmesg", says: FORBIDDEN },
    { name: "more privileges by a program", command: "grep NoNewPrivs /proc/self/status && false", says: /:\s*1/ },
  ];
}
