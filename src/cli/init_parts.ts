import { MyPaasError } from "../error.ts";
import { objectNames } from "../service/names.ts";
import { acmeConfig } from "../setup/acme.ts";
import { textDigest } from "../setup/content.ts";
import type { FoundParts, WantedParts } from "../setup/init_plan.ts";
import type { ServerLayout } from "../setup/layout.ts";
import type { PartState } from "../setup/machine.ts";
import { partDigest } from "../setup/part_digest.ts";
import { daemonContent, traefikStatic, wantedParts } from "../setup/parts.ts";
import type { ServerFiles, TextFile } from "../setup/server_files.ts";
import { type ServerSettings, shortId } from "../setup/settings.ts";
import { renderSettings } from "../setup/settings_file.ts";
import { daemonUnit, UNIT_NAME } from "../setup/unit.ts";
import { REDIRECT_FILES } from "../traefik/redirect_plugin.ts";
import type { InitTools } from "./init_actions.ts";
import { findFiles } from "./init_ground.ts";

/** What shall run on the ground, once the networks are known. */
export async function wantedPartsOf(
  settings: ServerSettings,
  layout: ServerLayout,
  { files, programDigest }: { readonly files: ServerFiles; readonly programDigest: string },
): Promise<WantedParts> {
  const traefik: TextFile = {
    path: layout.traefikStatic,
    text: traefikStatic(settings, acmeConfig(settings)),
    mode: 0o600,
  };
  const plugin = Object.entries(REDIRECT_FILES).map(([name, text]) => ({
    path: `${layout.redirectPlugin}/${name}`,
    text,
    mode: 0o644,
  }));
  const authority = await authorityFile(settings, layout, files);
  const certificate = await files.read(layout.certificate) ?? "";
  const content = {
    program: programDigest,
    settings: await textDigest(renderSettings(settings)),
    traefik: await textDigest(
      [traefik.text, certificate, ...[...plugin, ...authority].map(({ text }) => text)].join("\0"),
    ),
  };
  const input = { settings, layout, content };
  const parts = wantedParts(input);
  const unitContent = daemonContent(input);
  return {
    instance: settings.serverId,
    files: [...plugin, ...authority, traefik],
    parts: await Promise.all(parts.map(async (part) => ({ part, digest: await partDigest(part) }))),
    daemonName: objectNames(shortId(settings, layout.root)).daemon,
    unitPath: layout.unit,
    unit: settings.supervisor !== "systemd" ? undefined : {
      content: unitContent,
      file: { path: layout.unit, text: daemonUnit({ layout, settings, content: unitContent }), mode: 0o644 },
    },
  };
}

/**
 * What Traefik checks the authority with: a copy of the file that `init --acme-ca` named, once it was read.
 *
 * @returns one file, or none where the usual authorities are enough
 * @throws {MyPaasError} when it cannot be read and no copy is there, or it is no certificate
 */
async function authorityFile(
  { acmeCa }: Pick<ServerSettings, "acmeCa">,
  layout: ServerLayout,
  files: ServerFiles,
): Promise<readonly TextFile[]> {
  if (acmeCa === undefined) return [];
  const text = await files.read(acmeCa) ?? await files.read(layout.acmeCa);
  if (text?.includes("-----BEGIN CERTIFICATE-----")) return [{ path: layout.acmeCa, text, mode: 0o644 }];
  throw new MyPaasError(
    `Cannot use --acme-ca "${acmeCa}": ${text === undefined ? "there is no such file" : "it has no certificate (PEM)"}`,
  );
}

/** Looks at the machine for all that `wanted` names. */
export async function findParts(
  wanted: WantedParts,
  { machine, files, units }: Pick<InitTools, "machine" | "files" | "units">,
): Promise<FoundParts> {
  const names = new Set([...wanted.parts.map(({ part }) => part.name), wanted.daemonName]);
  const states = await Promise.all([...names].map((name) => machine.part(name)));
  return {
    ...await findFiles([...wanted.files.map(({ path }) => path), wanted.unitPath], files),
    parts: new Map(
      states.filter((state): state is PartState => state !== undefined).map((state) => [state.name, state]),
    ),
    unit: wanted.unit && await units.state(UNIT_NAME),
  };
}
