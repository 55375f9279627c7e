// Who a request came from, told to the daemon by what is in between. Each takes a client's own header away first.

/** The address of the client: from the receiver, as Traefik saw it; from `mypaas relay`, as sshd did. */
export const CLIENT_ADDRESS_HEADER = "mypaas-client-address";

/** Who came in over ssh: from `mypaas relay`. Believed over the daemon's own socket only, which is root's. */
export const SSH_USER_HEADER = "mypaas-ssh-user";

/** The first line that `mypaas relay` writes: what comes before it is from the login, what follows is HTTP/2. */
export const RELAY_HELLO = "mypaas relay 1\n";

/** An address as sshd or Traefik writes it; `unknown` for anything else. */
export function clientAddress(text: string | undefined): string {
  return text !== undefined && /^[0-9a-fA-F.:]{2,45}(%[A-Za-z0-9._-]{1,15})?$/.test(text) ? text : "unknown";
}

/** Whether a text is the name of a user as `/etc/passwd` has them. */
export function isUserName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,31}$/.test(text);
}
