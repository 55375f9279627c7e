import type { Transport } from "../client/transport.ts";
import { MyPaasError, UsageError } from "../error.ts";
import { autoDomainSuffix } from "../service/auto_domain.ts";
import { objectNames } from "../service/names.ts";
import { describeAction, type InitAction, planGround, planParts } from "../setup/init_plan.ts";
import { ipv6Warning, type Warning } from "../setup/ipv6.ts";
import { MAX_SOCKET_PATH_BYTES, type ServerLayout, serverLayout } from "../setup/layout.ts";
import { daemonCommand } from "../setup/parts.ts";
import type { ServerFacts } from "../setup/server_files.ts";
import { type ServerSettings, serverUrl, shortId } from "../setup/settings.ts";
import { completeSettings, type DraftSettings, parseDraftSettings } from "../setup/settings_file.ts";
import { UNIT_NAME } from "../setup/unit.ts";
import { wantedSettings } from "../setup/wanted_settings.ts";
import type { CliContext } from "./context.ts";
import { type FirstInvite, firstInvite, waitForDaemon } from "./first_invite.ts";
import type { InitCommandRequest } from "./init.ts";
import { type InitTools, performAction } from "./init_actions.ts";
import { ownCertificateWarning } from "./own_certificate.ts";
import { adoptNetworks, findGround, wantedGround } from "./init_ground.ts";
import { findParts, wantedPartsOf } from "./init_parts.ts";

/** What `init` and `uninstall` need of the command line. */
export interface ServerContext extends Pick<CliContext, "root" | "json"> {
  readonly terminal: Pick<CliContext["terminal"], "out" | "err">;
}

/** What `init` works with, the way to the daemon included. */
export interface InitDoors extends InitTools {
  /** To daemon.sock. */
  readonly daemon: Pick<Transport, "send">;
}

/**
 * Makes the machine a server, or changes what differs from what is wanted. Every step can be done again, so after a
 * power cut the same command goes on where it was.
 */
export async function initServer(request: InitCommandRequest, context: ServerContext, doors: InitDoors): Promise<void> {
  const layout = serverLayout(context.root);
  const programDigest = await checkMachine(layout, doors);
  const previous = await previousSettings(layout, doors);
  if (previous === undefined && await doors.files.find(layout.restore) !== undefined) {
    throw new MyPaasError("Cannot set up this server: a restore began here and is not done", {
      hint:
        `Run mypaas restore again: it takes the place of init. To begin with nothing instead: rm -r ${layout.restore}`,
    });
  }
  const draft = wantedSettings(request.flags, previous, {
    serverId: randomHex(16),
    apiPassword: randomHex(32),
    address: await doors.facts.address(),
    supervisor: layout.root === "/" && doors.facts.hasSystemd ? "systemd" : "docker",
    volumes: layout.defaultVolumes,
  });
  checkSupervisor(draft, layout, doors.facts);
  await checkPorts(draft, { previous, layout, doors });

  const changed: string[] = [];
  const perform = async (actions: readonly InitAction[], settings: DraftSettings) => {
    for (const action of actions) {
      const text = describeAction(action);
      context.terminal.err(text);
      settings = await performAction(action, settings, { layout, tools: doors });
      changed.push(text);
    }
    return settings;
  };
  const adopted = await adoptNetworks(draft, layout, doors.machine);
  const ground = wantedGround(adopted, layout, programDigest);
  const settings = completeSettings(
    await perform(planGround(ground, await findGround(ground, layout, doors)), adopted),
  );
  if (settings === undefined) throw new Error("a network was not made");
  const parts = await wantedPartsOf(settings, layout, { files: doors.files, programDigest });
  await perform(planParts(parts, await findParts(parts, doors)), settings);
  if (changed.length === 0) context.terminal.err("nothing to change");

  const invite = await meetDaemon(settings, layout, doors);
  const traefik = await doors.machine.part(objectNames(shortId(settings, layout.root)).traefik);
  const warnings = [
    ipv6Warning(await doors.facts.globalIpv6(), traefik?.publishedOn ?? []),
    settings.supervisor === "none" ? undefined : await ownCertificateWarning(doors.daemon, settings),
  ].filter((warning) => warning !== undefined);
  report({ settings, layout, invite, changed, warnings }, context);
}

/** @returns the digest of the program */
async function checkMachine(layout: ServerLayout, { facts, files, machine }: InitDoors): Promise<string> {
  if (!facts.isRoot) {
    throw new MyPaasError("Cannot set up this server: only root may", { hint: "Try: sudo mypaas init" });
  }
  const digest = facts.program === undefined ? undefined : await files.digest(facts.program);
  if (digest === undefined) {
    throw new MyPaasError("Cannot set up this server: init needs the compiled program, and this one runs under deno", {
      hint: "Compile it with scripts/compile and run dist/mypaas init",
    });
  }
  const bytes = Math.max(
    ...[layout.daemonSocket, layout.gateSocket].map((path) => new TextEncoder().encode(path).length),
  );
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    throw new UsageError(
      `Cannot use --root ${
        JSON.stringify(layout.root)
      }: its sockets' paths would have ${bytes} bytes, Linux allows ${MAX_SOCKET_PATH_BYTES}`,
      { hint: "Take a shorter folder" },
    );
  }
  await machine.version();
  return digest;
}

async function previousSettings(layout: ServerLayout, { files }: InitDoors): Promise<DraftSettings | undefined> {
  const text = await files.read(layout.settings);
  return text === undefined ? undefined : parseDraftSettings(text, layout.settings);
}

function checkSupervisor({ supervisor }: DraftSettings, { root }: ServerLayout, facts: ServerFacts): void {
  if (supervisor !== "systemd") return;
  const why = root !== "/"
    ? "its unit would lie outside the root"
    : facts.hasSystemd
    ? undefined
    : "systemd does not run this machine";
  if (why !== undefined) {
    throw new UsageError(`Cannot use --supervisor systemd: ${why}`, { hint: "Use --supervisor docker, or none" });
  }
}

/** A port that our own running Traefik has already is ours. */
async function checkPorts(
  wanted: DraftSettings,
  { previous, layout, doors }: {
    readonly previous: DraftSettings | undefined;
    readonly layout: ServerLayout;
    readonly doors: InitDoors;
  },
): Promise<void> {
  const traefik = await doors.machine.part(objectNames(shortId(wanted, layout.root)).traefik);
  const runs = traefik !== undefined && traefik.running && traefik.instance === wanted.serverId;
  const own = runs && previous !== undefined ? [previous.httpPort, previous.httpsPort] : [];
  for (const [port, flag] of [[wanted.httpPort, "--http-port"], [wanted.httpsPort, "--https-port"]] as const) {
    const owner = own.includes(port) ? undefined : await doors.facts.portOwner(port);
    if (owner !== undefined) {
      throw new MyPaasError(`Cannot use port ${port}: ${owner} listens on it`, {
        hint: `Stop it${
          owner.startsWith("docker") ? " (docker ps shows which container)" : ""
        }, or take another port with ${flag}`,
      });
    }
  }
}

async function meetDaemon(
  settings: ServerSettings,
  layout: ServerLayout,
  { daemon, machine }: InitDoors,
): Promise<FirstInvite | undefined> {
  if (settings.supervisor === "none") return undefined;
  const container = objectNames(shortId(settings, layout.root)).daemon;
  await waitForDaemon(daemon, settings.serverId, {
    logs: settings.supervisor === "systemd" ? `journalctl -u ${UNIT_NAME} -n 50` : `docker logs ${container}`,
    restarts: async () => (await machine.part(container))?.restarts ?? 0,
  });
  return await firstInvite(daemon, settings);
}

function report(
  { settings, layout, invite, changed, warnings }: {
    readonly settings: ServerSettings;
    readonly layout: ServerLayout;
    readonly invite: FirstInvite | undefined;
    readonly changed: readonly string[];
    readonly warnings: readonly Warning[];
  },
  { json, terminal }: ServerContext,
): void {
  const url = serverUrl(settings);
  const autoDomain = settings.autoDomain && autoDomainSuffix(settings.autoDomain, settings.address);
  const run = settings.supervisor === "none" ? daemonCommand(layout).join(" ") : undefined;
  if (json) {
    const login = invite && { invite: invite.line, login: invite.command };
    const told = { changed, url, autoDomain, ...login, ...run && { run }, ...warnings.length > 0 && { warnings } };
    terminal.out(JSON.stringify(told));
    return;
  }
  terminal.err(`the server is at ${url}`);
  if (autoDomain !== undefined) terminal.err(`services without a domain are reached at SERVICE.${autoDomain}`);
  for (const warning of warnings) {
    terminal.err(`warning: ${warning.message}`);
    terminal.err(`hint:    ${warning.hint}`);
  }
  if (run !== undefined) {
    terminal.err(`start the daemon (again, if it runs), then make an invite with mypaas invite:`);
    terminal.out(run);
  }
  if (invite !== undefined) {
    terminal.err(`on your laptop, before ${invite.expiresAt}:`);
    terminal.out(invite.command);
  }
}

function randomHex(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
