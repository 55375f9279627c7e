/** What an owner should know about a server, and what to do. */
export interface Warning {
  readonly message: string;
  readonly hint: string;
}

/**
 * Warns of a server that has IPv6 while its Docker publishes ports on IPv4 only, as it does without the userland proxy: a
 * visitor whom an AAAA record leads to it is refused. Undefined when all is well.
 *
 * @param global addresses by which the internet can reach the machine
 * @param publishedOn addresses on which Traefik's ports are published, such as `0.0.0.0` and `::`; none: it does not run
 */
export function ipv6Warning(global: readonly string[], publishedOn: readonly string[]): Warning | undefined {
  const [address] = global;
  const served = publishedOn.length === 0 || publishedOn.some((one) => one.includes(":"));
  if (address === undefined || served) return undefined;
  return {
    message: `This server has the IPv6 address ${address}, and its Docker publishes ports on IPv4 only`,
    hint: 'Make no AAAA records for its domains, or take "userland-proxy": false out of Docker\'s settings ' +
      "(/etc/docker/daemon.json or the flags of dockerd), restart Docker and run mypaas init again",
  };
}
