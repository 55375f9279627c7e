import { REDIRECT_MODULE } from "../traefik/redirect_plugin.ts";

/** Every path of the server, below its root. */
export interface ServerLayout {
  readonly root: string;
  readonly binary: string;
  readonly etc: string;
  readonly settings: string;
  /** The URL that this program was installed from: `upgrade` looks there. */
  readonly releases: string;
  readonly lib: string;
  readonly database: string;
  readonly daemonKey: string;
  readonly sealingKey: string;
  readonly daemonLock: string;
  /** What a backup that goes on keeps until it is written. */
  readonly backup: string;
  /** What a restore that is not done has brought so far. */
  readonly restore: string;
  readonly blobs: string;
  /** The manifests that the next pushes may build on. */
  readonly manifests: string;
  readonly spool: string;
  readonly traefik: string;
  readonly traefikStatic: string;
  /** Traefik's local plugins, and the folder of ours in it. */
  readonly plugins: string;
  readonly redirectPlugin: string;
  readonly routes: string;
  readonly routesFile: string;
  readonly acme: string;
  /** A copy of what `init --acme-ca` named. */
  readonly acmeCa: string;
  /** Certificate and key of the receiver when the server has only an address. */
  readonly certificates: string;
  readonly certificate: string;
  readonly certificateKey: string;
  readonly run: string;
  readonly daemonSocket: string;
  /** What containers get as files, a folder per container: in memory where `/run` is. */
  readonly secrets: string;
  /** From where the daemon tells systemd how it is. */
  readonly notifySocket: string;
  readonly gate: string;
  readonly gateSocket: string;
  readonly unit: string;
  /** Where bind volumes live unless `init --volumes` said otherwise. */
  readonly defaultVolumes: string;
}

/** Lays out a server below `root`, an absolute path (`/` for the machine's own). */
export function serverLayout(root: string): ServerLayout {
  const base = root === "/" ? "" : root.replace(/\/+$/, "");
  const etc = `${base}/etc/mypaas`;
  const lib = `${base}/var/lib/mypaas`;
  const run = `${base}/run/mypaas`;
  const traefik = `${lib}/traefik`;
  return {
    root: base === "" ? "/" : base,
    binary: `${base}/usr/local/bin/mypaas`,
    etc,
    settings: `${etc}/server.yml`,
    releases: `${etc}/releases`,
    lib,
    database: `${lib}/state.db`,
    daemonKey: `${lib}/daemon.key`,
    sealingKey: `${lib}/sealing.key`,
    daemonLock: `${lib}/daemon.lock`,
    backup: `${lib}/backup`,
    restore: `${lib}/restore`,
    blobs: `${lib}/blobs`,
    manifests: `${lib}/manifests`,
    spool: `${lib}/spool`,
    traefik,
    traefikStatic: `${traefik}/traefik.yml`,
    plugins: `${traefik}/plugins`,
    redirectPlugin: `${traefik}/plugins/src/${REDIRECT_MODULE}`,
    routes: `${traefik}/routes`,
    routesFile: `${traefik}/routes/routes.yml`,
    acme: `${traefik}/acme`,
    acmeCa: `${traefik}/acme-ca.pem`,
    certificates: `${traefik}/certificates`,
    certificate: `${traefik}/certificates/receiver.pem`,
    certificateKey: `${traefik}/certificates/receiver.key`,
    run,
    daemonSocket: `${run}/daemon.sock`,
    secrets: `${run}/secrets`,
    notifySocket: `${run}/notify.sock`,
    gate: `${run}/gate`,
    gateSocket: `${run}/gate/gate.sock`,
    unit: `${base}/etc/systemd/system/mypaas.service`,
    defaultVolumes: `${base}/srv/mypaas`,
  };
}

/** Linux ends socket paths at 107 bytes (sockaddr_un, unix(7)). */
export const MAX_SOCKET_PATH_BYTES = 107;
