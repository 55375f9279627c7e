import type { Transport } from "../client/transport.ts";
import { MyPaasError } from "../error.ts";
import { objectNames } from "../service/names.ts";
import { type ServerLayout, serverLayout } from "../setup/layout.ts";
import type { Machine } from "../setup/machine.ts";
import type { ServerFacts, ServerFiles, Units } from "../setup/server_files.ts";
import { shortId } from "../setup/settings.ts";
import { type DraftSettings, parseDraftSettings } from "../setup/settings_file.ts";
import { UNIT_NAME } from "../setup/unit.ts";
import { daemonAnswers } from "./first_invite.ts";
import { removeUnit } from "./init_actions.ts";
import type { ServerContext } from "./init_server.ts";
import type { UninstallCommandRequest } from "./uninstall.ts";

/** What `uninstall` works with. */
export interface UninstallDoors {
  readonly machine: Machine;
  readonly files: ServerFiles;
  readonly facts: Pick<ServerFacts, "isRoot">;
  readonly units: Units;
  readonly daemon: Pick<Transport, "send">;
}

/**
 * Takes the server away, as far as it is still there: only what carries its label, and files below its root. Run again,
 * it removes what was left.
 */
export async function uninstallServer(
  { data }: UninstallCommandRequest,
  context: ServerContext,
  doors: UninstallDoors,
): Promise<void> {
  const { json, terminal } = context;
  const layout = serverLayout(context.root);
  if (!doors.facts.isRoot) {
    throw new MyPaasError("Cannot uninstall: only root may", { hint: "Try: sudo mypaas uninstall" });
  }
  const text = await doors.files.read(layout.settings);
  const removed: string[] = [];
  const remove = async (what: string, action: () => Promise<void>) => {
    terminal.err(`remove ${what}`);
    await action();
    removed.push(what);
  };
  const settings = text === undefined ? undefined : parseDraftSettings(text, layout.settings);
  const stuck = settings && await removeObjects(settings, { layout, data, doors, remove });
  if (data) await removeFiles(layout, doors.files, remove);
  if (removed.length === 0) terminal.err("nothing to remove");
  const kept = await keptPaths(layout, settings, { data, files: doors.files });
  if (json) terminal.out(JSON.stringify({ removed, kept }));
  else if (kept.length > 0) {
    terminal.err(`kept: ${kept.join(", ")}`);
    if (!data) {
      terminal.err(
        "mypaas init brings the server back (services must be pushed again), mypaas uninstall --data removes the rest",
      );
    }
  }
  if (stuck !== undefined) throw stuck;
}

type Remove = (what: string, action: () => Promise<void>) => Promise<void>;

/**
 * The daemon goes first: it would start again what is stopped.
 *
 * @returns why Docker keeps a network, if it does: some Engines count an endpoint that no container has any more
 */
async function removeObjects(
  settings: DraftSettings,
  { layout, data, doors: { machine, files, units, daemon }, remove }: {
    readonly layout: ServerLayout;
    readonly data: boolean;
    readonly doors: UninstallDoors;
    readonly remove: Remove;
  },
): Promise<MyPaasError | undefined> {
  const names = objectNames(shortId(settings, layout.root));
  if (await files.find(layout.unit) !== undefined) {
    await remove(UNIT_NAME, () => removeUnit(layout.unit, { files, units }));
  }
  const owned = await machine.owned(settings.serverId);
  const first = owned.containers.filter((name) => name === names.daemon);
  const rest = owned.containers.filter((name) => name !== names.daemon);
  for (const name of first) await remove(`container ${name}`, () => machine.removePart(name));
  if (await daemonAnswers(daemon, settings.serverId)) {
    throw new MyPaasError("Cannot uninstall: a daemon of this server runs, started by somebody else", {
      hint: `Stop it first: its socket is ${layout.daemonSocket}`,
    });
  }
  // Each may take its whole grace to end.
  await Promise.all(rest.map((name) => remove(`container ${name}`, () => machine.removePart(name))));
  const stuck: { readonly name: string; readonly error: MyPaasError }[] = [];
  for (const name of owned.networks) {
    await remove(`network ${name}`, () => machine.removeNetwork(name)).catch((error) => {
      if (!(error instanceof MyPaasError)) throw error;
      stuck.push({ name, error });
    });
  }
  for (const name of owned.images) await remove(`image ${name}`, () => machine.removeImage(name));
  if (data) { for (const name of owned.volumes) await remove(`volume ${name}`, () => machine.removeVolume(name)); }
  const [kept] = stuck;
  return kept && new MyPaasError(kept.error.message, {
    hint: `All else is removed. Restart Docker, then: docker network rm ${stuck.map(({ name }) => name).join(" ")}`,
    cause: kept.error,
  });
}

/** The settings go last: with them what is left can be found again. */
async function removeFiles(layout: ServerLayout, files: ServerFiles, remove: Remove): Promise<void> {
  for (const path of [layout.defaultVolumes, layout.run, layout.lib, layout.binary, layout.etc]) {
    if (await files.find(path) !== undefined) await remove(path, () => files.remove(path));
  }
  if (layout.root === "/") return;
  for (const path of [layout.defaultVolumes, layout.run, layout.lib, layout.binary, layout.etc, layout.unit]) {
    for (let parent = parentOf(path); parent.startsWith(layout.root); parent = parentOf(parent)) {
      await files.removeIfEmpty(parent);
    }
  }
}

/** What stays on the disk, as far as it is there. Folders that the user chose for volumes are the user's. */
async function keptPaths(
  layout: ServerLayout,
  settings: DraftSettings | undefined,
  { data, files }: { readonly data: boolean; readonly files: ServerFiles },
): Promise<readonly string[]> {
  const own = settings?.volumes ?? layout.defaultVolumes;
  const candidates = data ? (own === layout.defaultVolumes ? [] : [own]) : [layout.etc, layout.lib, own];
  const found = await Promise.all(candidates.map((path) => files.find(path)));
  return candidates.filter((_, i) => found[i] !== undefined);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
