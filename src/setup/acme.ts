import type { AcmeConfig } from "../traefik/static_config.ts";
import { TRAEFIK_FOLDER } from "./parts.ts";
import type { ServerSettings } from "./settings.ts";

/** Let's Encrypt's, by what `init --acme` calls them. */
const DIRECTORIES: Readonly<Record<string, string>> = {
  production: "https://acme-v02.api.letsencrypt.org/directory",
  staging: "https://acme-staging-v02.api.letsencrypt.org/directory",
};

type AcmeSettings = Pick<ServerSettings, "acme" | "acmeCa" | "email" | "certificateHours">;

/** Traefik's account with the authority, with paths as its container has them. */
export function acmeConfig(settings: AcmeSettings): AcmeConfig {
  return {
    directory: DIRECTORIES[settings.acme] ?? settings.acme,
    email: settings.email,
    storage: `${TRAEFIK_FOLDER}/acme/${acmeFileName(settings)}`,
    caFile: settings.acmeCa === undefined ? undefined : `${TRAEFIK_FOLDER}/acme-ca.pem`,
    certificateHours: settings.certificateHours,
  };
}

/**
 * The file in `layout.acme` with the account and the certificates: one for each authority, because Traefik never asks for a
 * certificate that it has, whoever signed it.
 */
export function acmeFileName({ acme }: Pick<ServerSettings, "acme">): string {
  if (acme === "production") return "acme.json";
  const { host, pathname } = acme === "staging" ? { host: acme, pathname: "" } : new URL(acme);
  const name = `${host}${pathname}`.replace(/[^\w.]+/g, "-").replace(/-$/, "").slice(0, 150);
  return `acme-${name}.json`;
}

/**
 * The port at which the authority asks whether a name leads here. Let's Encrypt knows 80 only; one of one's own, as on a
 * server that is tried out, may be told another.
 */
export function challengePort({ acme, httpPort }: Pick<ServerSettings, "acme" | "httpPort">): number {
  return acme in DIRECTORIES ? 80 : httpPort;
}
