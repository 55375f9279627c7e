/** How the daemon reaches Traefik on the admin network. */
export interface TraefikAccess {
  /** Where Traefik's API answers, such as `http://172.31.0.2:8080`. */
  readonly apiUrl: string;
  readonly user: string;
  readonly password: string;
}

/**
 * Opens a way to Traefik: a client of its own, so that no connection to a Traefik that was restarted meanwhile is used
 * again; straight to its address, so that HTTP_PROXY means nothing here.
 */
export function traefikClient({ apiUrl }: Pick<TraefikAccess, "apiUrl">): Deno.HttpClient {
  const { hostname, port } = new URL(apiUrl);
  return Deno.createHttpClient({ proxy: { transport: "tcp", hostname, port: Number(port) || 80 } });
}

/** Asks Traefik for a path, with the password. */
export function askTraefik(
  { apiUrl, user, password }: TraefikAccess,
  path: string,
  { client, signal }: { readonly client: Deno.HttpClient; readonly signal: AbortSignal },
): Promise<Response> {
  return fetch(`${apiUrl}${path}`, {
    headers: { authorization: `Basic ${btoa(`${user}:${password}`)}` },
    client,
    signal,
  });
}
