import { fault, type Finding, listed, warning } from "./finding.ts";

/** One of the two ports by which the server is reached. */
export interface PortFacts {
  readonly port: number;
  /** The flag of `init` that changes it. */
  readonly flag: "--http-port" | "--https-port";
  /** Who listens on it, such as `nginx (pid 812)`; Docker's own processes included. */
  readonly owner: string | undefined;
  /** Whether Traefik answers on it. */
  readonly answers: boolean;
}

export interface PortsFacts {
  readonly ports: readonly PortFacts[];
  readonly traefik: {
    readonly name: string;
    readonly running: boolean;
    /** Addresses on which its ports are published. */
    readonly publishedOn: readonly string[];
  };
  /** Where Traefik's API answered somebody without the password, such as `port 80`. */
  readonly openApi: readonly string[];
  /** How `mypaas` is called on this server. */
  readonly command: string;
}

/** Judges who is reached on the ports, and whether Traefik's API is closed. */
export function checkPorts({ ports, traefik, openApi, command }: PortsFacts): readonly Finding[] {
  const { name, running, publishedOn } = traefik;
  const findings = ports.flatMap((one): readonly Finding[] => {
    if (!running) return one.owner === undefined ? [] : [taken(one, { name, command })];
    if (one.answers) return [];
    return [fault(`Port ${one.port} does not answer, although Traefik runs`, `docker logs --tail 50 ${name}`)];
  });
  const apis = openApi.map((place) =>
    fault(`Traefik's API answers on ${place} without a password`, `${command} init; then: docker restart ${name}`)
  );
  return [...findings, ...apis, ...running ? narrow(publishedOn) : []];
}

function taken(
  { port, owner, flag }: PortFacts,
  { name, command }: { readonly name: string; readonly command: string },
): Finding {
  return fault(
    `Port ${port} is taken: ${owner} listens on it, and Traefik does not run`,
    `Stop it, then: docker start ${name}; or take another port: ${command} init ${flag} N`,
  );
}

function narrow(publishedOn: readonly string[]): readonly Finding[] {
  const wide = publishedOn.length === 0 || publishedOn.some((one) => one === "0.0.0.0" || one === "::" || one === "");
  if (wide) return [];
  return [
    warning(
      `Docker publishes ports on ${listed(publishedOn)} only, so the server is not reached by its other addresses`,
      'Take "ip" out of /etc/docker/daemon.json, then: systemctl restart docker',
    ),
  ];
}
