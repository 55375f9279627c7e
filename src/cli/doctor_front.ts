import { Connection } from "../client/connection.ts";
import type { Transport } from "../client/transport.ts";
import { API_USER } from "../daemon/traefik_routes.ts";
import { type CertificateFacts, checkCertificates } from "../doctor/certificates.ts";
import { checkDns } from "../doctor/dns.ts";
import { checkPorts } from "../doctor/ports.ts";
import type { Check } from "../doctor/run_checks.ts";
import { checkRunning, type Hello } from "../doctor/running.ts";
import { checkRoutes, liveDomains } from "../doctor/state.ts";
import type { Finding } from "../doctor/finding.ts";
import { messageOf } from "../error.ts";
import { downloadText } from "../host/download.ts";
import { readText } from "../host/files.ts";
import { httpStatus, shownCertificate } from "../host/front_facts.ts";
import { httpsTransport } from "../host/https_transport.ts";
import { lookupAddresses } from "../host/lookup.ts";
import { ownAddresses } from "../host/machine_facts.ts";
import { portOwner } from "../host/port_owner.ts";
import { Systemd } from "../host/systemd.ts";
import { askTraefik, traefikClient } from "../host/traefik_api.ts";
import { unixTransport } from "../host/unix_transport.ts";
import { isIpv4 } from "../service/ipv4.ts";
import { receiverAddress, traefikAdminAddress } from "../setup/parts.ts";
import { RECEIVER_PORT, serverUrl, TRAEFIK_API_PORT } from "../setup/settings.ts";
import { UNIT_NAME } from "../setup/unit.ts";
import { waitUntil, within } from "../wait.ts";
import { parseHelloAnswer } from "../wire/answer_schemas.ts";
import { parseJson } from "../wire/validate.ts";
import type { ServerGround } from "./doctor_server.ts";

/** The checks of what visitors and laptops meet: ports, routes, names, certificates, daemon and receiver. */
export function frontChecks(ground: ServerGround): readonly Check[] {
  return [
    { name: "running", what: "daemon and receiver", look: () => lookAtRunning(ground) },
    { name: "ports", what: "the ports", look: (signal) => lookAtPorts(ground, signal) },
    { name: "routes", what: "the routes", look: (signal) => lookAtRoutes(ground, signal) },
    { name: "dns", what: "the domains", look: () => lookAtDns(ground) },
    { name: "certificates", what: "the certificates", look: () => lookAtCertificates(ground) },
  ];
}

async function lookAtRunning(
  { layout, settings, names, command, restart, version, machine }: ServerGround,
): Promise<readonly Finding[]> {
  const address = `${receiverAddress(settings)}:${RECEIVER_PORT}`;
  const daemon = unixTransport(layout.daemonSocket, { answerTimeoutMs: ANSWER_TIMEOUT_MS });
  const byDocker = [names.traefik, names.receiver, ...settings.supervisor === "docker" ? [names.daemon] : []];
  const parts = await Promise.all(byDocker.map((name) => machine.part(name).catch(() => undefined)));
  const containers = parts.flatMap((part) =>
    part === undefined ? [] : [{ name: part.name, count: part.restarts, logs: `docker logs --tail 50 ${part.name}` }]
  );
  const unit = settings.supervisor !== "systemd" ? [] : [{
    name: UNIT_NAME,
    count: await new Systemd().restarts(UNIT_NAME).catch(() => 0),
    logs: `journalctl -u ${UNIT_NAME} -n 50`,
  }];
  return checkRunning({
    serverId: settings.serverId,
    version,
    command,
    daemon: { ...await daemonHello(daemon), socket: layout.daemonSocket, start: restart },
    // Straight to its address on the entry network: Traefik is not in question here.
    receiver: {
      ...await hello(async () => {
        const text = await within(downloadText(`http://${address}/v1/hello`), {
          what: "the receiver answers",
          timeoutMs: ANSWER_TIMEOUT_MS,
        });
        return parseHelloAnswer(parseJson(new TextEncoder().encode(text), "the receiver's answer"));
      }),
      address,
      start: `docker restart ${names.receiver}`,
    },
    restarts: [...containers, ...unit],
  });
}

/** Daemon and receiver answer at once, or something is wrong. */
const ANSWER_TIMEOUT_MS = 3000;

async function daemonHello(transport: Transport): Promise<Hello> {
  using open = new Connection(transport, { kind: "unsigned" }, () => new Date());
  return await hello(() => open.json("GET", "/v1/hello", { parse: parseHelloAnswer }));
}

async function hello(ask: () => Promise<{ readonly serverId: string; readonly version: string }>): Promise<Hello> {
  try {
    const { serverId, version } = await ask();
    return { serverId, version };
  } catch (error) {
    return { failure: messageOf(error).replace(/^Cannot [^:]*(:\d+)?[^:]*: /, "") };
  }
}

async function lookAtPorts(
  { settings, names, command, traefik }: ServerGround,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { httpPort, httpsPort, address, domain } = settings;
  const part = await traefik();
  const publishedOn = part?.publishedOn ?? [];
  const at = publishedOn.find((one) => isIpv4(one) && one !== "0.0.0.0") ?? "127.0.0.1";
  const host = domain ?? address;
  const open = await Promise.all([
    httpStatus(`http://${at}:${httpPort}/api/version`, { host, signal }),
    httpStatus(`http://${traefikAdminAddress(settings)}:${TRAEFIK_API_PORT}/api/version`, { signal }),
  ]);
  return checkPorts({
    ports: [
      {
        port: httpPort,
        flag: "--http-port",
        owner: await portOwner(httpPort),
        answers: await httpStatus(`http://${at}:${httpPort}/`, { host, signal }) !== undefined,
      },
      {
        port: httpsPort,
        flag: "--https-port",
        owner: await portOwner(httpsPort),
        answers: await shownCertificate(host, { address: at, port: httpsPort }) !== undefined,
      },
    ],
    traefik: { name: names.traefik, running: part?.running ?? false, publishedOn },
    openApi: [`port ${httpPort}`, "the admin network"].filter((_, i) => open[i] === 200),
    command,
  });
}

/** While a deploy writes another table, file and Traefik differ for a moment. */
const TABLE_TIMEOUT_MS = 3000;

async function lookAtRoutes(
  { layout, settings, restart, state }: ServerGround,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const access = {
    apiUrl: `http://${traefikAdminAddress(settings)}:${TRAEFIK_API_PORT}`,
    user: API_USER,
    password: settings.apiPassword,
  };
  const look = async () => {
    const loaded = await loadedRule(access, signal);
    return checkRoutes({
      path: layout.routesFile,
      text: await readText(layout.routesFile),
      loaded,
      state: state(),
      restart,
    });
  };
  let findings = await look();
  if (findings.length === 0) return findings;
  try {
    return await waitUntil(async () => {
      findings = await look();
      return findings.length === 0 && findings;
    }, { what: "Traefik goes by the routes", timeoutMs: TABLE_TIMEOUT_MS, intervalMs: 500, signal });
  } catch {
    return findings;
  }
}

async function loadedRule(access: Parameters<typeof askTraefik>[0], signal: AbortSignal): Promise<string | undefined> {
  using client = traefikClient(access);
  try {
    const response = await askTraefik(access, "/api/http/routers/mypaas-generation@file", { client, signal });
    const answer: unknown = await response.json();
    return typeof answer === "object" && answer !== null && "rule" in answer ? String(answer.rule) : undefined;
  } catch {
    return undefined;
  }
}

async function lookAtDns({ settings, state, traefik }: ServerGround): Promise<readonly Finding[]> {
  const { domain, address } = settings;
  const wanted = [
    ...domain === undefined ? [] : [{ domain, service: undefined, https: true }],
    ...liveDomains(state()),
  ];
  const domains = await Promise.all(
    wanted.map(async (one) => ({ ...one, leadsTo: await lookupAddresses(one.domain) })),
  );
  const published = (await traefik())?.publishedOn ?? [];
  return checkDns({
    domains,
    own: [...await lookupAddresses(address), ...await reachedBy(settings), ...ownAddresses()],
    servesIpv6: published.some((one) => one.includes(":")),
  });
}

/** The addresses of the server's domain, if it is this server that answers there: it may be behind one that it does not have. */
async function reachedBy(settings: ServerGround["settings"]): Promise<readonly string[]> {
  const { domain, serverId } = settings;
  if (domain === undefined) return [];
  const transport = httpsTransport(serverUrl(settings), { certificate: undefined });
  const answer = await daemonHello(transport);
  return "serverId" in answer && answer.serverId === serverId ? await lookupAddresses(domain) : [];
}

async function lookAtCertificates(
  { layout, settings, names, command, state }: ServerGround,
): Promise<readonly Finding[]> {
  const { domain, address, httpsPort } = settings;
  const domains = liveDomains(state()).filter(({ https }) => https).map((one) => one.domain);
  const { readCertificate } = await import("../setup/certificate.ts");
  const wanted = [domain ?? address, ...domains.filter((one) => one !== domain)];
  const shown = await Promise.all(wanted.map(async (name): Promise<readonly CertificateFacts[]> => {
    const shown = await shownCertificate(name, { address: "127.0.0.1", port: httpsPort });
    const certificate = shown && readCertificate(shown);
    const file = name === address && domain === undefined ? layout.certificate : undefined;
    // A port that does not answer is told by the check of the ports.
    return certificate === undefined ? [] : [{ ...certificate, name, file }];
  }));
  return checkCertificates(shown.flat(), { now: new Date(), command, traefik: names.traefik });
}
