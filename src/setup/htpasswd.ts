/**
 * A line of a password file as Traefik's `basicAuth.users` takes it: `name:{SHA}base64(SHA-1(password))` (Apache's
 * htpasswd formats). SHA-1 without salt is right for a password of 32 random bytes and for nothing weaker.
 */
export async function htpasswdLine(name: string, password: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", new TextEncoder().encode(password)));
  return `${name}:{SHA}${digest.toBase64()}`;
}
