/** One server that this laptop may use: `~/.config/mypaas/servers.yml`. */
export interface ServerEntry {
  /** `https://shop.example` or `https://1.2.3.4:8443`; plain http only to loopback. */
  readonly url: string;
  readonly serverId: string;
  /** Raw ed25519 public key of the daemon, base64url. */
  readonly daemonKey: string;
  /** Pin of a certificate that no authority signed: SHA-256 of its DER, base64url. */
  readonly certificatePin: string | undefined;
  /** The certificate itself (PEM), learned at login and checked against the pin. */
  readonly certificate: string | undefined;
  /**
   * The key that signs here, by where it is: the path of a file, `agent:SHA256:...`, or `keys/...` in the client's folder;
   * undefined: the laptop's own.
   */
  readonly key: string | undefined;
  /** The key that is about to take its place: a rotation was begun, and its end is not known. */
  readonly nextKey: string | undefined;
}

/** A server that is reached over ssh. Who it is, ssh's known_hosts knows; what may be done there, the login there. */
export interface SshServerEntry {
  /** `ssh://[user@]host[:port]` */
  readonly url: string;
}

/** What a name leads to. */
export type SavedServer = ServerEntry | SshServerEntry;

/** The client's folder. `src/host` implements it; `key` files are 0600. */
export interface ClientFiles {
  servers(): Promise<Readonly<Record<string, SavedServer>>>;
  /** Saves servers by their names, all or none; others stay. */
  saveServers(entries: Readonly<Record<string, SavedServer>>): Promise<void>;
  /**
   * A key of this folder (PKCS #8, base64url): `keys/...`, or the laptop's own. Undefined when there is none.
   *
   * @throws {AuthError} when others may read it
   */
  privateKey(reference?: string): Promise<string | undefined>;
  /** Saves the laptop's own key. */
  savePrivateKey(pkcs8: string): Promise<void>;
  /** Saves a key for one server. @returns its reference, `keys/<id>` */
  saveServerKey(id: string, pkcs8: string): Promise<string>;
  /** Removes a key of this folder; one that is elsewhere is left alone. */
  removeKey(reference: string | undefined): Promise<void>;
}

/** Whether a reference names a key in the client's folder. */
export function isFolderKey(reference: string | undefined): boolean {
  return reference === undefined || reference.startsWith("keys/");
}
