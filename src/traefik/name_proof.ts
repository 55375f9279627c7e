/** The header of the answer that proves that a name leads to this server. */
export const PROOF_HEADER = "mypaas-proof";

/**
 * What only this server answers: at a path that nobody else was told of, a header with a token. Traefik gives it by
 * itself, so it shows as well that requests over plain http reach Traefik, as those of an authority have to.
 */
export interface NameProof {
  readonly path: string;
  readonly token: string;
}

/** Makes a new one, which holds as long as the daemon runs. */
export function makeNameProof(): NameProof {
  const random = () => crypto.getRandomValues(new Uint8Array(16)).toHex();
  return { path: `/.well-known/mypaas/${random()}`, token: random() };
}
