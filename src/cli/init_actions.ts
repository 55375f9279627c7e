import { Label } from "../service/names.ts";
import type { InitAction } from "../setup/init_plan.ts";
import type { ServerLayout } from "../setup/layout.ts";
import type { Machine } from "../setup/machine.ts";
import type { ServerFacts, ServerFiles, Units } from "../setup/server_files.ts";
import type { DraftSettings } from "../setup/settings_file.ts";
import { UNIT_NAME } from "../setup/unit.ts";
import { settingsFile } from "./init_ground.ts";

/** What `init` works with. */
export interface InitTools {
  readonly machine: Machine;
  readonly files: ServerFiles;
  readonly facts: ServerFacts;
  readonly units: Units;
  readonly now: () => Date;
}

/**
 * Performs one action of the plan.
 *
 * @returns the settings, in which a network that was made is spelled out
 */
export async function performAction(
  action: InitAction,
  settings: DraftSettings,
  { layout, tools: { machine, files, facts, units, now } }: {
    readonly layout: ServerLayout;
    readonly tools: InitTools;
  },
): Promise<DraftSettings> {
  switch (action.kind) {
    case "folder":
      await files.makeFolder(action.folder);
      break;
    case "file":
      await files.write(action.file);
      break;
    case "program":
      if (facts.program !== undefined) await files.copyProgram(facts.program, action.path);
      break;
    case "certificate":
      await writeCertificate(action.address, layout, { files, now });
      break;
    case "network": {
      const { network: key, name } = action;
      // A half-made one, of an init that was cut off.
      if (await machine.network(name) !== undefined) await machine.removeNetwork(name);
      const made = await machine.createNetwork(name, { [Label.instance]: settings.serverId }, settings.networks[key]);
      const next = { ...settings, networks: { ...settings.networks, [key]: made } };
      await files.write(settingsFile(next, layout));
      return next;
    }
    case "pull-image":
      await machine.pullImage(action.image);
      break;
    case "import-image":
      await machine.importImage(action.image, facts.receiverImage(), { [Label.instance]: settings.serverId });
      break;
    case "create-part":
      await machine.createPart(action.part);
      break;
    case "replace-part":
      await machine.removePart(action.part.name);
      await machine.createPart(action.part);
      break;
    case "start-part":
      await machine.startPart(action.name);
      break;
    case "remove-part":
      await machine.removePart(action.name);
      break;
    case "reload-units":
      await units.reload();
      break;
    case "start-unit":
      await units.enable(UNIT_NAME);
      break;
    case "restart-unit":
      await units.restart(UNIT_NAME);
      break;
    case "remove-unit":
      await removeUnit(action.path, { files, units });
      break;
  }
  return settings;
}

/** Stops the daemon's unit and takes it away. */
export async function removeUnit(path: string, { files, units }: Pick<InitTools, "files" | "units">): Promise<void> {
  await units.disable(UNIT_NAME);
  await files.remove(path);
  await units.reload();
}

/** The key goes first: the certificate's file is the mark that both are there. */
async function writeCertificate(
  address: string,
  layout: ServerLayout,
  { files, now }: Pick<InitTools, "files" | "now">,
): Promise<void> {
  const { makeCertificate } = await import("../setup/certificate.ts");
  const { certificatePem, keyPem } = await makeCertificate(address, now());
  await files.remove(layout.certificate);
  await files.write({ path: layout.certificateKey, text: keyPem, mode: 0o600 });
  await files.write({ path: layout.certificate, text: certificatePem, mode: 0o600 });
}
