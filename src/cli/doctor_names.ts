import * as v from "valibot";
import { Connection } from "../client/connection.ts";
import { type CertificateFacts, checkCertificates } from "../doctor/certificates.ts";
import { checkDns, type DomainFacts } from "../doctor/dns.ts";
import type { Finding } from "../doctor/finding.ts";
import { mayBeAsked, type RoutedProof, routedProof } from "../doctor/name_proof.ts";
import type { Check } from "../doctor/run_checks.ts";
import { liveDomains } from "../doctor/state.ts";
import { readText } from "../host/files.ts";
import { httpHead, shownCertificate } from "../host/front_facts.ts";
import { httpsTransport } from "../host/https_transport.ts";
import { lookupAddresses } from "../host/lookup.ts";
import { ownAddresses } from "../host/machine_facts.ts";
import { unixTransport } from "../host/unix_transport.ts";
import { serverUrl } from "../setup/settings.ts";
import { ANSWER_TIMEOUT_MS, daemonHello } from "./doctor_hello.ts";
import type { ServerGround } from "./doctor_ground.ts";

/** The checks of domains: where they lead, and which certificates their visitors are shown. */
export function nameChecks(ground: ServerGround): readonly Check[] {
  return [
    { name: "dns", what: "the domains", look: (signal) => lookAtDns(ground, signal) },
    { name: "certificates", what: "the certificates", look: () => lookAtCertificates(ground) },
  ];
}

async function lookAtDns(
  { layout, settings, state, traefik }: ServerGround,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { domain, address, httpPort } = settings;
  const wanted = [
    ...domain === undefined ? [] : [{ domain, service: undefined, https: true }],
    ...liveDomains(state()),
  ];
  const own = [...await lookupAddresses(address), ...await reachedBy(settings), ...ownAddresses()];
  const proof = routedProof(await readText(layout.routesFile) ?? "");
  const domains = await Promise.all(wanted.map(async (one): Promise<DomainFacts> => {
    const leadsTo = await lookupAddresses(one.domain);
    const others = leadsTo.filter((other) => !own.includes(other) && mayBeAsked(other));
    const asked = proof === undefined ? [] : await Promise.all(
      others.map((other) => sendsOn(other, { host: one.domain, port: httpPort, proof, signal })),
    );
    return { ...one, leadsTo, sentOn: others.filter((_, i) => asked[i]) };
  }));
  const published = (await traefik())?.publishedOn ?? [];
  return checkDns({ domains, own, servesIpv6: published.some((one) => one.includes(":")) });
}

/** Whether what asks an address for a name of ours is answered by this server, as by way of a CDN. */
async function sendsOn(
  address: string,
  { host, port, proof, signal }: {
    readonly host: string;
    readonly port: number;
    readonly proof: RoutedProof;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const url = `http://${address.includes(":") ? `[${address}]` : address}:${port}${proof.path}`;
  return (await httpHead(url, { host, signal }))?.headers.get(proof.header) === proof.token;
}

/** The addresses of the server's domain, if it is this server that answers there: it may have one that no interface has. */
async function reachedBy(settings: ServerGround["settings"]): Promise<readonly string[]> {
  const { domain, serverId } = settings;
  if (domain === undefined) return [];
  const answer = await daemonHello(httpsTransport(serverUrl(settings), { certificate: undefined }));
  return "serverId" in answer && answer.serverId === serverId ? await lookupAddresses(domain) : [];
}

async function lookAtCertificates(
  { layout, settings, names, command, state }: ServerGround,
): Promise<readonly Finding[]> {
  const { domain, address, httpsPort } = settings;
  const domains = liveDomains(state()).filter(({ https }) => https).map((one) => one.domain);
  const { readCertificate } = await import("../setup/certificate.ts");
  const pending = await pendingReasons(layout.daemonSocket);
  const wanted = [domain ?? address, ...domains.filter((one) => one !== domain)];
  const shown = await Promise.all(wanted.map(async (name): Promise<readonly CertificateFacts[]> => {
    const der = await shownCertificate(name, { address: "127.0.0.1", port: httpsPort });
    const certificate = der && readCertificate(der);
    const file = name === address && domain === undefined ? layout.certificate : undefined;
    // A port that does not answer is told by the check of the ports.
    return certificate === undefined ? [] : [{ ...certificate, name, file, pending: pending.get(name) }];
  }));
  return checkCertificates(shown.flat(), { now: new Date(), command, traefik: names.traefik });
}

/** Why domains have no certificate, as the daemon tells it; nothing when it is away. */
async function pendingReasons(socket: string): Promise<ReadonlyMap<string, string>> {
  const transport = unixTransport(socket, { answerTimeoutMs: ANSWER_TIMEOUT_MS });
  using daemon = new Connection(transport, { kind: "unsigned" }, () => new Date());
  const parse = (json: unknown) => v.parse(v.array(ServiceSchema), json);
  const services = await daemon.json("GET", "/v1/services", { parse }).catch(() => []);
  const certificates = services.flatMap((service) => service.certificates);
  return new Map(certificates.flatMap(({ domain, reason }) => reason === undefined ? [] : [[domain, reason]]));
}

/** Of a service's summary, what is needed here. */
const ServiceSchema = v.object({
  certificates: v.optional(v.array(v.object({ domain: v.string(), reason: v.optional(v.string()) })), []),
});
