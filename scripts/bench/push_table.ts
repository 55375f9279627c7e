import { markdownTable } from "../markdown_table.ts";
import type { PushFigures } from "./push_laptop.ts";

/** One row: a push, or another way to send the same. */
export interface PushRow {
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  readonly what: "first push" | "no change" | "one small file" | "one byte" | "tar | gzip -1" | "docker build";
  readonly seconds: { readonly push: number; readonly deploy?: number };
  readonly wire?: { readonly up: number; readonly down?: number };
  readonly toldBytes?: number;
  readonly cpu?: PushFigures["cpu"];
  readonly peak?: PushFigures["peak"];
}

const HEAD = ["", "seconds", "on the wire", "client", "receiver", "daemon"];

/** A table for each project. */
export function pushTables(rows: readonly PushRow[], emptyProgramSeconds: number): string {
  const tables = [...Map.groupBy(rows, ({ name }) => name).values()].map((group) => {
    const title = group[0] === undefined ? "" : titleOf(group[0]);
    return markdownTable([[title, ...HEAD.slice(1)], ...group.map(cells)]);
  });
  return [...tables, `An empty compiled program takes ${emptyProgramSeconds.toFixed(2)} s.`].join("\n\n");
}

function titleOf({ files, bytes }: PushRow): string {
  return files === 1 ? `one file of ${size(bytes)}` : `${files.toLocaleString("en")} files, ${size(bytes)}`;
}

function cells({ what, seconds, wire, peak }: PushRow): readonly string[] {
  const wireBytes = wire === undefined ? "" : size(wire.up + (wire.down ?? 0));
  const peaks = [peak?.client, peak?.receiver, peak?.daemon].map((bytes) => bytes === undefined ? "" : size(bytes));
  return [what.replace("|", "\\|"), seconds.push.toFixed(2), wireBytes, ...peaks];
}

/** In decimal units with two or three digits that count. */
function size(bytes: number): string {
  const [value, unit] = bytes >= 1e9 ? [bytes / 1e9, "GB"] : bytes >= 1e6 ? [bytes / 1e6, "MB"] : [bytes / 1e3, "kB"];
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "")} ${unit}`;
}
