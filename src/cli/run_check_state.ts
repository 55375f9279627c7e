import { readText } from "../host/files.ts";
import { serverLayout } from "../setup/layout.ts";
import { parseDraftSettings } from "../setup/settings_file.ts";
import { checkState } from "../state/database.ts";
import type { CliContext } from "./context.ts";

/** Fails when this version cannot read what another one wrote. Nothing is changed. */
export async function runCheckState({ root }: Pick<CliContext, "root">): Promise<void> {
  const layout = serverLayout(root);
  const text = await readText(layout.settings);
  if (text !== undefined) parseDraftSettings(text, layout.settings);
  await checkState(layout.database);
}
