import { API_USER } from "../daemon/traefik_routes.ts";
import { checkPorts } from "../doctor/ports.ts";
import type { Check } from "../doctor/run_checks.ts";
import { checkRunning } from "../doctor/running.ts";
import { checkRoutes } from "../doctor/state.ts";
import type { Finding } from "../doctor/finding.ts";
import { downloadText } from "../host/download.ts";
import { readText } from "../host/files.ts";
import { httpHead, shownCertificate } from "../host/front_facts.ts";
import { portOwner } from "../host/port_owner.ts";
import { Systemd } from "../host/systemd.ts";
import { askTraefik, traefikClient } from "../host/traefik_api.ts";
import { unixTransport } from "../host/unix_transport.ts";
import { isIpv4 } from "../service/ipv4.ts";
import { receiverAddress, traefikAdminAddress } from "../setup/parts.ts";
import { RECEIVER_PORT, TRAEFIK_API_PORT } from "../setup/settings.ts";
import { UNIT_NAME } from "../setup/unit.ts";
import { waitUntil, within } from "../wait.ts";
import { parseHelloAnswer } from "../wire/answer_schemas.ts";
import { parseJson } from "../wire/validate.ts";
import { ANSWER_TIMEOUT_MS, daemonHello, helloOf } from "./doctor_hello.ts";
import { nameChecks } from "./doctor_names.ts";
import type { ServerGround } from "./doctor_ground.ts";

/** The checks of what visitors and laptops meet: ports, routes, names, certificates, daemon and receiver. */
export function frontChecks(ground: ServerGround): readonly Check[] {
  return [
    { name: "running", what: "daemon and receiver", look: () => lookAtRunning(ground) },
    { name: "ports", what: "the ports", look: (signal) => lookAtPorts(ground, signal) },
    { name: "routes", what: "the routes", look: (signal) => lookAtRoutes(ground, signal) },
    ...nameChecks(ground),
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
      ...await helloOf(async () => {
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
    httpHead(`http://${at}:${httpPort}/api/version`, { host, signal }),
    httpHead(`http://${traefikAdminAddress(settings)}:${TRAEFIK_API_PORT}/api/version`, { signal }),
  ]);
  return checkPorts({
    ports: [
      {
        port: httpPort,
        flag: "--http-port",
        owner: await portOwner(httpPort),
        answers: await httpHead(`http://${at}:${httpPort}/`, { host, signal }) !== undefined,
      },
      {
        port: httpsPort,
        flag: "--https-port",
        owner: await portOwner(httpsPort),
        answers: await shownCertificate(host, { address: at, port: httpsPort }) !== undefined,
      },
    ],
    traefik: { name: names.traefik, running: part?.running ?? false, publishedOn },
    openApi: [`port ${httpPort}`, "the admin network"].filter((_, i) => open[i]?.status === 200),
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
