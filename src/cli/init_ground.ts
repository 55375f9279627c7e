import { MyPaasError } from "../error.ts";
import { objectNames } from "../service/names.ts";
import { isSubnet, networkSettings } from "../setup/addresses.ts";
import { serverFolders } from "../setup/folders.ts";
import type { FoundGround, WantedGround } from "../setup/init_plan.ts";
import type { ServerLayout } from "../setup/layout.ts";
import type { Machine } from "../setup/machine.ts";
import type { FoundEntry, ServerFiles, TextFile } from "../setup/server_files.ts";
import { type NetworkSettings, shortId } from "../setup/settings.ts";
import { type DraftSettings, NETWORK_KEYS, renderSettings } from "../setup/settings_file.ts";

/** `server.yml` as it shall be. */
export function settingsFile(settings: DraftSettings, layout: ServerLayout): TextFile {
  return { path: layout.settings, text: renderSettings(settings), mode: 0o600 };
}

/** What must be there before a container can be made. */
export function wantedGround(
  settings: DraftSettings,
  layout: ServerLayout,
  programDigest: string,
): WantedGround {
  const names = objectNames(shortId(settings, layout.root));
  return {
    folders: serverFolders(layout, settings.volumes),
    files: [settingsFile(settings, layout)],
    program: { path: layout.binary, digest: programDigest },
    certificateFor: settings.domain === undefined ? settings.address : undefined,
    networks: NETWORK_KEYS.map((network) => ({ network, name: names.networks[network] })),
    traefikImage: settings.traefikImage,
    receiverImage: names.receiverImage,
  };
}

/** Looks at the machine for all that `wanted` names. */
export async function findGround(
  wanted: WantedGround,
  layout: ServerLayout,
  { machine, files }: { readonly machine: Machine; readonly files: ServerFiles },
): Promise<FoundGround> {
  const images = [wanted.traefikImage, wanted.receiverImage];
  const present = await Promise.all(images.map((image) => machine.hasImage(image)));
  const networks = await Promise.all(wanted.networks.map(({ name }) => machine.network(name)));
  return {
    ...await findFiles([...wanted.folders, ...wanted.files].map(({ path }) => path), files),
    programDigest: await files.digest(wanted.program.path),
    certificateNames: wanted.certificateFor === undefined ? [] : await namesOnDisk(layout, files),
    networks: new Set(wanted.networks.filter((_, i) => isWhole(networks[i]?.settings)).map(({ name }) => name)),
    images: new Set(images.filter((_, i) => present[i])),
  };
}

/** Looks at paths: what is there, and the text of what is a file. */
export async function findFiles(
  paths: readonly string[],
  files: ServerFiles,
): Promise<Pick<FoundGround, "entries" | "texts">> {
  const entries = new Map<string, FoundEntry>();
  const texts = new Map<string, string>();
  for (const path of paths) {
    const entry = await files.find(path);
    if (entry === undefined) continue;
    entries.set(path, entry);
    const text = entry.kind === "file" ? await files.read(path) : undefined;
    if (text !== undefined) texts.set(path, text);
  }
  return { entries, texts };
}

/**
 * The settings with the networks as they are on the machine: an `init` that was cut off may have made one and not
 * written it down.
 *
 * @throws {MyPaasError} when somebody else's network has a name that is needed
 */
export async function adoptNetworks(
  settings: DraftSettings,
  layout: ServerLayout,
  machine: Pick<Machine, "network">,
): Promise<DraftSettings> {
  const names = objectNames(shortId(settings, layout.root)).networks;
  let networks = settings.networks;
  for (const key of NETWORK_KEYS) {
    const found = await machine.network(names[key]);
    if (found === undefined) continue;
    if (found.instance !== settings.serverId) {
      throw new MyPaasError(`Cannot use the network "${names[key]}": this server did not make it`, {
        hint: `Look at it with docker network inspect ${names[key]}, and remove it if nobody needs it`,
      });
    }
    if (isWhole(found.settings)) networks = { ...networks, [key]: found.settings };
  }
  return { ...settings, networks };
}

/** Whether a network has gateway and range spelled out; half-made ones do not, and take no fixed addresses. */
function isWhole(settings: NetworkSettings | undefined): settings is NetworkSettings {
  if (settings === undefined || !isSubnet(settings.subnet)) return false;
  const { gateway, range } = networkSettings(settings.subnet);
  return settings.gateway === gateway && settings.range === range;
}

async function namesOnDisk(layout: ServerLayout, files: ServerFiles): Promise<readonly string[]> {
  const [certificate, key] = [await files.read(layout.certificate), await files.find(layout.certificateKey)];
  if (certificate === undefined || key === undefined) return [];
  const { certificateNames } = await import("../setup/certificate.ts");
  return certificateNames(certificate);
}
