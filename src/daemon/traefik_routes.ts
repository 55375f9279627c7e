import { htpasswdLine } from "../setup/htpasswd.ts";
import { receiverAddress, TRAEFIK_FOLDER } from "../setup/parts.ts";
import { RECEIVER_PORT, type ServerSettings } from "../setup/settings.ts";
import { renderRouteFile, type RouteFileExtras } from "../traefik/route_file.ts";
import type { NameProof } from "../traefik/name_proof.ts";
import type { Route } from "../traefik/route.ts";

/** The user of Traefik's API; nobody but the daemon knows the password. */
export const API_USER = "mypaas";

/** Makes the function that renders the whole route file of a server: its services, the receiver and the API's guard. */
export async function routeFileRenderer(
  settings: ServerSettings,
  { proof, ordered }: {
    readonly proof: NameProof;
    /** Domains that a certificate is asked for in the next table. */
    readonly ordered: () => readonly string[];
  },
): Promise<(routes: readonly Route[], generation: number) => string> {
  const extras: Omit<RouteFileExtras, "generation" | "ordered"> = {
    apiUser: await htpasswdLine(API_USER, settings.apiPassword),
    receiver: {
      hosts: [settings.domain ?? settings.address],
      address: receiverAddress(settings),
      port: RECEIVER_PORT,
      plainHttp: false,
    },
    defaultCertificate: settings.domain === undefined
      ? {
        certFile: `${TRAEFIK_FOLDER}/certificates/receiver.pem`,
        keyFile: `${TRAEFIK_FOLDER}/certificates/receiver.key`,
      }
      : undefined,
    httpsPort: settings.httpsPort,
    proof,
  };
  return (routes, generation) => renderRouteFile(routes, { ...extras, generation, ordered: ordered() });
}
