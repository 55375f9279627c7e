import { checkDocker, dockerSettingsPath } from "../doctor/docker.ts";
import { checkFiles } from "../doctor/files.ts";
import { advice, fault, type Finding } from "../doctor/finding.ts";
import { checkFirewall } from "../doctor/firewall.ts";
import { checkGround } from "../doctor/ground.ts";
import { checkClock, checkDisks, checkMemory, checkSpools } from "../doctor/machine.ts";
import type { Check } from "../doctor/run_checks.ts";
import { outsideUnseen } from "../doctor/running.ts";
import { checkLeftovers, checkState, type StateFacts } from "../doctor/state.ts";
import { DockerClient } from "../docker/client.ts";
import { engineFacts, ownedObjects } from "../docker/engine_facts.ts";
import { EngineMachine } from "../docker/engine_machine.ts";
import { messageOf, MyPaasError } from "../error.ts";
import { readText } from "../host/files.ts";
import { folderNames } from "../host/folder_names.ts";
import {
  clockFacts,
  diskFacts,
  dockerdCommand,
  folderBytes,
  memoryFacts,
  packetFilter,
} from "../host/machine_facts.ts";
import { serverFacts } from "../host/server_facts.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { Systemd } from "../host/systemd.ts";
import { objectNames } from "../service/names.ts";
import { planGround, planParts } from "../setup/init_plan.ts";
import { ipv6Warning } from "../setup/ipv6.ts";
import type { ServerLayout } from "../setup/layout.ts";
import { type ServerSettings, shortId } from "../setup/settings.ts";
import { parseSettings } from "../setup/settings_file.ts";
import { stateFacts } from "../state/state_facts.ts";
import type { CliContext } from "./context.ts";
import { frontChecks } from "./doctor_front.ts";
import type { ServerGround } from "./doctor_ground.ts";
import { findGround, wantedGround } from "./init_ground.ts";
import { findParts, wantedPartsOf } from "./init_parts.ts";

/**
 * The checks of the server that this machine is. Nothing is changed by them, and none needs the daemon.
 *
 * @throws {MyPaasError} when somebody else than root asks
 */
export async function serverChecks(layout: ServerLayout, context: CliContext): Promise<readonly Check[]> {
  const facts = await serverFacts();
  if (!facts.isRoot) {
    throw new MyPaasError("Cannot look at this server: only root may", { hint: "Try: sudo mypaas doctor" });
  }
  const machineChecks: readonly Check[] = [
    { name: "clock", what: "the clock", look: () => Promise.resolve(checkClock(clockFacts())) },
    { name: "memory", what: "the memory", look: async () => checkMemory(await memoryFacts()) },
  ];
  let settings: ServerSettings;
  try {
    settings = parseSettings(await readText(layout.settings) ?? "", layout.settings);
  } catch (error) {
    if (!(error instanceof MyPaasError)) throw error;
    const { message, hint } = error;
    return [
      { name: "settings", what: "the settings", look: () => Promise.resolve([fault(message, hint)]) },
      ...machineChecks,
    ];
  }
  const client = new DockerClient();
  const machine = new EngineMachine(client);
  const names = objectNames(shortId(settings, layout.root));
  const command = layout.root === "/" ? "mypaas" : `mypaas --root ${layout.root}`;
  const ground: ServerGround = {
    layout,
    settings,
    names,
    command,
    restart: restartOf(settings, { names, command }),
    version: context.version,
    machine,
    traefik: once(() => machine.part(names.traefik)),
    state: () => soundState(layout),
  };
  const engine = once(() => engineFacts(client, AbortSignal.timeout(ENGINE_TIMEOUT_MS)));
  return [
    { name: "docker", what: "Docker", look: () => lookAtDocker(engine) },
    { name: "parts", what: "what init has made", look: () => lookAtGround(ground) },
    ...frontChecks(ground),
    { name: "firewall", what: "the packet filter", look: () => lookAtFirewall(ground) },
    ...machineChecks,
    {
      name: "disk",
      what: "the disks",
      look: async () => {
        const docker = await engine().then(({ folder }) => [folder]).catch(() => []);
        return checkDisks(await diskFacts([...docker, layout.lib, layout.spool, settings.volumes, "/"]));
      },
    },
    {
      name: "spool",
      what: "the size of what was pushed",
      look: async (signal) => {
        const most = settings.spoolSize;
        const used = await Promise.all([layout.spool, layout.blobs].map((path) => folderBytes(path, signal)));
        return checkSpools(
          [layout.spool, layout.blobs].map((path, i) => ({ path, used: used[i] ?? 0, most })),
          command,
        );
      },
    },
    { name: "files", what: "who may read the files", look: () => lookAtFiles(layout) },
    {
      name: "state",
      what: "the state",
      look: () => Promise.resolve(checkState(stateFacts(layout.database, new Date()), layout.database)),
    },
    {
      name: "leftovers",
      what: "what is left over",
      look: async (signal) =>
        checkLeftovers({ ...await ownedObjects(client, settings.serverId, signal), state: ground.state(), names }),
    },
  ];
}

const ENGINE_TIMEOUT_MS = 8000;

async function lookAtDocker(engine: () => ReturnType<typeof engineFacts>): Promise<readonly Finding[]> {
  const command = await dockerdCommand();
  const path = dockerSettingsPath(command);
  try {
    return checkDocker({ ...await engine(), command, settings: { path, text: await readText(path) } });
  } catch (error) {
    const hint = error instanceof MyPaasError ? error.hint : undefined;
    return [fault(messageOf(error), hint ?? "systemctl restart docker")];
  }
}

/** Looks at what `init` would change: it is the one who knows how all should be. */
async function lookAtGround(
  { layout, settings, command, machine }: ServerGround,
): Promise<readonly Finding[]> {
  const files = new DiskServerFiles();
  const programDigest = await files.digest(layout.binary) ?? "";
  // The settings were read, so they are right, though an earlier version may have written them in another way.
  const wanted = { ...wantedGround(settings, layout, programDigest), files: [] };
  const actions = [...planGround(wanted, await findGround(wanted, layout, { machine, files }))];
  if (programDigest === "") actions.push({ kind: "program", path: layout.binary });
  const parts = await wantedPartsOf(settings, layout, { files, programDigest });
  const found = await findParts(parts, { machine, files, units: new Systemd() });
  try {
    actions.push(...planParts(parts, found));
  } catch (error) {
    if (!(error instanceof MyPaasError)) throw error;
    return [...checkGround(actions, command), fault(error.message, error.hint)];
  }
  return checkGround(actions, command);
}

async function lookAtFirewall({ settings, traefik }: ServerGround): Promise<readonly Finding[]> {
  const published = (await traefik())?.publishedOn ?? [];
  const ports = [{ host: settings.httpPort, container: 80 }, { host: settings.httpsPort, container: 443 }];
  const filter = await packetFilter(published.some((address) => address.includes(":")));
  const { globalIpv6 } = await serverFacts();
  const ipv6 = ipv6Warning(await globalIpv6(), published);
  return [
    ...checkFirewall({ ...filter, ports }),
    ...ipv6 === undefined ? [] : [advice(ipv6.message, ipv6.hint)],
    outsideUnseen(),
  ];
}

async function lookAtFiles(layout: ServerLayout): Promise<readonly Finding[]> {
  const files = new DiskServerFiles();
  const entry = async (path: string, needed: boolean) => ({ path, needed, entry: await files.find(path) });
  const needed = [layout.settings, layout.database, layout.daemonKey, layout.sealingKey];
  // One for each authority.
  const acme = folderNames(layout.acme).map(({ name }) => `${layout.acme}/${name}`);
  const optional = [`${layout.database}-wal`, `${layout.database}-shm`, ...acme, layout.certificateKey];
  return checkFiles(
    await Promise.all([
      ...needed.map((path) => entry(path, true)),
      ...[...optional, layout.daemonSocket].map((path) => entry(path, false)),
    ]),
    await entry(layout.binary, true),
  );
}

function restartOf(
  { supervisor }: ServerSettings,
  { names, command }: { readonly names: ServerGround["names"]; readonly command: string },
): string {
  switch (supervisor) {
    case "systemd":
      return "systemctl restart mypaas";
    case "docker":
      return `docker restart ${names.daemon}`;
    case "none":
      return `${command} daemon`;
  }
}

function soundState({ database }: ServerLayout): StateFacts {
  const state = stateFacts(database, new Date());
  if (state.faults.length === 0) return state;
  throw new MyPaasError("the state is damaged");
}

/** Calls a function at most once. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
