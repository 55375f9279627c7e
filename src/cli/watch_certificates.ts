import type { OrderStore } from "../daemon/certificate_orders.ts";
import { Certificates } from "../daemon/certificates.ts";
import { nameProblem } from "../daemon/name_check.ts";
import type { RouteBoard } from "../deploy/route_board.ts";
import type { ReleaseStore } from "../deploy/store.ts";
import { AcmeStore } from "../host/acme_store.ts";
import { askHeader } from "../host/ask_header.ts";
import { interfaceAddresses } from "../host/machine_address.ts";
import { nameRecords } from "../host/name_records.ts";
import type { ObjectNames } from "../service/names.ts";
import { acmeFileName, challengePort } from "../setup/acme.ts";
import type { ServerLayout } from "../setup/layout.ts";
import type { ServerSettings } from "../setup/settings.ts";
import type { NameProof } from "../traefik/name_proof.ts";

export interface CertificateGround {
  readonly layout: ServerLayout;
  readonly settings: ServerSettings;
  readonly store: Pick<ReleaseStore, "allLive">;
  readonly orders: OrderStore;
  readonly routes: Pick<RouteBoard, "rewrite">;
  readonly proof: NameProof;
  readonly names: Pick<ObjectNames, "traefik">;
  readonly now: () => Date;
  readonly log: (line: string) => void;
}

/** Joins what follows the certificates to name servers, network, routes and Traefik's file. */
export function watchCertificates(
  { layout, settings, store, orders, routes, proof, names, now, log }: CertificateGround,
  signal: AbortSignal,
): Certificates {
  const acme = new AcmeStore(`${layout.acme}/${acmeFileName(settings)}`);
  const check = {
    records: (domain: string) => nameRecords(domain, settings.dns),
    askHeader,
    ownAddresses: () => new Set([settings.address, ...interfaceAddresses()]),
    port: challengePort(settings),
    proof,
  };
  return new Certificates({
    store,
    orders,
    ownDomain: settings.domain,
    stored: () => acme.certificates(),
    nameProblem: (domain) => nameProblem(domain, check),
    writeRoutes: () => routes.rewrite(),
    whereToLook: `docker logs ${names.traefik} says why`,
    now,
    log,
  }, signal);
}
