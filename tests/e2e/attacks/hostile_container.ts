/** What code inside a container of a service tries. */
export interface Attempt {
  readonly name: string;
  /** For `sh -c`, in busybox. */
  readonly command: string;
  /** What a refusal says; without it that the command fails is enough. */
  readonly says?: RegExp;
}

/** Where things are that no service may reach. */
export interface Surroundings {
  readonly traefik: readonly string[];
  readonly receiver: readonly string[];
  /** The server's own addresses on the networks of services. */
  readonly gateways: readonly string[];
  readonly address: string;
  readonly httpPort: number;
}

const GET = "wget -q -T 2 -O -";

/** Everything that root in a container without privileges tries against the server around it. */
export function containerAttempts(
  { traefik, receiver, gateways, address, httpPort }: Surroundings,
): readonly Attempt[] {
  return [
    ...traefik.map((to) => ({ name: `Traefik's API at ${to}`, command: `${GET} http://${to}:8080/api/rawdata` })),
    ...receiver.map((to) => ({
      name: `the receiver at ${to}, past Traefik`,
      command: `${GET} http://${to}:8080/v1/hello`,
    })),
    ...gateways.map((to) => ({ name: `Docker's port at ${to}`, command: `${GET} http://${to}:2375/info` })),
    { name: "an isolated service by its name", command: `${GET} http://victim:8080/` },
    { name: "an isolated service by its container's name", command: `${GET} http://victim.1.1:8080/` },
    { name: "Docker's socket", command: "ls /var/run/docker.sock /run/docker.sock" },
    { name: "the daemon's socket", command: "ls /run/mypaas" },
    { name: "another service's secrets", command: "ls /run/secrets" },
    { name: "a file system of the server", command: "mkdir -p /m && mount -t proc proc /m" },
    { name: "a bind mount", command: "mkdir -p /m && mount --bind / /m" },
    { name: "a disk of the server", command: "mknod /disk b 8 0 && head -c 1 /disk" },
    { name: "the server's memory", command: "mknod /mem c 1 1 && head -c 1 /mem" },
    { name: "a new namespace", command: "unshare -m true" },
    { name: "a setting of the kernel", command: "echo x > /proc/sys/kernel/core_pattern" },
    { name: "a control group of its own", command: "mkdir /sys/fs/cgroup/memory/x || mkdir /sys/fs/cgroup/x && false" },
    { name: "packets of its own making", command: `ping -c 1 -W 1 ${traefik[0]}` },
    { name: "another address", command: "ip addr add 10.99.0.1/24 dev eth0" },
    { name: "another way out", command: "ip route add 10.99.0.0/24 dev eth0" },
    { name: "another name of the machine", command: "hostname taken" },
    { name: "the kernel's log", command: "dmesg" },
    { name: "more privileges by a program", command: "grep NoNewPrivs /proc/self/status | grep -v 1" },
    {
      name: "a deploy over Traefik that nobody signed",
      command: `wget -S -T 5 -O - --post-data '{}' --header 'Host: ${address}' http://${address}:${httpPort}/v1/deploy`,
    },
  ];
}
