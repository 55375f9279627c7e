import type { ContextEntry } from "../archive/context_list.ts";
import { shownPath } from "../archive/shown_path.ts";
import { counted, formatBytes } from "./plain_text.ts";

/** What `mypaas files --json` prints of an entry: `size` is 0 for what is no file, `mode` are the permission bits. */
interface FileJson {
  readonly path: string;
  readonly type: "file" | "dir" | "link";
  readonly mode: number;
  readonly size: number;
}

/** The context as `mypaas files --json` prints it; a Dockerfile that is ignored is no part of it. */
export function filesJson(entries: readonly ContextEntry[]): { readonly files: readonly FileJson[] } {
  const files = entries.filter(({ buildOnly }) => buildOnly !== true);
  return { files: files.map(({ path, type, mode, size }) => ({ path, type, mode, size: type === "file" ? size : 0 })) };
}

/** The lines of `mypaas files`: one for each entry, with the size of files, and what they are together. */
export function renderFiles(entries: readonly ContextEntry[]): readonly string[] {
  const kept = entries.filter(({ buildOnly }) => buildOnly !== true);
  const sizes = kept.map(({ type, size }) => type === "file" ? formatBytes(size) : "");
  const width = Math.max(0, ...sizes.map(({ length }) => length));
  const files = kept.filter(({ type }) => type === "file");
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const hidden = entries.filter(({ buildOnly }) => buildOnly === true);
  return [
    ...kept.map((entry, i) => `${(sizes[i] ?? "").padStart(width)}  ${nameOf(entry)}`),
    ...hidden.map(({ path }) => `${shownPath(path)} is ignored; the server builds from it`),
    `${counted(files.length, "file")}, ${formatBytes(bytes)}`,
  ];
}

function nameOf({ path, type, target }: ContextEntry): string {
  if (type === "dir") return `${shownPath(path)}/`;
  return type === "link" ? `${shownPath(path)} -> ${shownPath(target)}` : shownPath(path);
}
