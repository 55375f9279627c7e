/**
 * Scheme and authority of requests over a unix socket. Nobody is there (RFC 6666), and `NO_PROXY=*`, which would keep
 * Deno's `fetch` away from the socket too, means names only.
 */
export const SOCKET_BASE = "http://[100::1]";
