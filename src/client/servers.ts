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
  saveServer(name: string, entry: SavedServer): Promise<void>;
  /** The laptop's own key (PKCS #8, base64url); undefined before the first login. */
  privateKey(): Promise<string | undefined>;
  savePrivateKey(pkcs8: string): Promise<void>;
}
