import { DatabaseSync } from "node:sqlite";
import { inspect } from "../engine.ts";
import type { TestServer } from "../lab.ts";
import { statusField } from "../processes.ts";

/** The processes of a server's parts that face an attack. */
export interface Parts {
  readonly daemon: number;
  readonly receiver: number;
  readonly traefik: number;
  /** When the containers were started: another time is a restart. */
  readonly started: readonly string[];
}

export async function partsOf(server: TestServer): Promise<Parts> {
  const [receiver, traefik] = await Promise.all([inspect(server.names.receiver), inspect(server.names.traefik)]);
  return {
    daemon: await server.daemonPid(),
    receiver: receiver.State.Pid,
    traefik: traefik.State.Pid,
    started: [receiver, traefik].map(({ State }) => State.StartedAt),
  };
}

/** The most memory that a process has had since its start, in MiB: `VmHWM`, proc(5). */
export async function peakMemory(pid: number): Promise<number> {
  return Math.round(Number((await statusField(pid, "VmHWM"))[0]) / 1024);
}

/** Forgets the most memory that a process has had (`clear_refs`, proc(5)). */
export async function forgetPeak(pid: number): Promise<void> {
  await Deno.writeTextFile(`/proc/${pid}/clear_refs`, "5");
}

/** Every file below a folder: its path, kind, mode, and size. */
export async function listing(folder: string, leftOut: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (leftOut.some((one) => path.startsWith(one))) continue;
    const { isDirectory, isFile, isSymlink, mode, size, uid } = await Deno.lstat(path);
    const kind = isDirectory ? "folder" : isFile ? `file of ${size}` : isSymlink ? "link" : "other";
    found.push(`${path} ${kind} ${mode?.toString(8)} ${uid}`);
    if (isDirectory) found.push(...await listing(path, leftOut));
  }
  return found.sort();
}

export interface Audit {
  /** Lines that are not about something done. */
  readonly refusalLines: number;
  readonly refusals: number;
  /** Of the longest line. */
  readonly longest: number;
  readonly addresses: readonly string[];
}

/** What the audit has by now. */
export function auditOf(server: TestServer): Audit {
  using database = new DatabaseSync(server.layout.database, { readOnly: true });
  const row = database.prepare(`
    SELECT count(*) AS lines, coalesce(sum(count), 0) AS refusals,
      coalesce(max(length(action) + length(subject) + length(result) + length(address) + length(actor)), 0) AS longest
    FROM audit WHERE result <> 'ok'`).get();
  const addresses = database.prepare("SELECT DISTINCT address FROM audit ORDER BY address").all();
  return {
    refusalLines: Number(row?.["lines"]),
    refusals: Number(row?.["refusals"]),
    longest: Number(row?.["longest"]),
    addresses: addresses.map(({ address }) => String(address)),
  };
}
