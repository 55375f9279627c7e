import { listContext, readIgnore } from "../archive/context_list.ts";
import { filesJson, renderFiles } from "../client/files_text.ts";
import { findDockerfile } from "../host/dockerfile_path.ts";
import { diskTree } from "../host/tree.ts";
import type { CliContext } from "./context.ts";
import type { FilesCommandRequest } from "./files.ts";
import { absolutePath } from "./paths.ts";

/** Lists what a push would send. */
export async function runFiles(
  { dockerfile: path }: FilesCommandRequest,
  { cwd, json, terminal }: CliContext,
): Promise<void> {
  const { folder, dockerfile } = await findDockerfile(absolutePath(path, cwd));
  const tree = diskTree(folder);
  const entries = await listContext(tree, { ignore: await readIgnore(tree, dockerfile), dockerfile });
  if (json) terminal.out(JSON.stringify(filesJson(entries)));
  else terminal.out(renderFiles(entries).join("\n"));
}
