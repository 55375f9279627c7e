import type { PushedProject, PushTarget, TargetMemory } from "../client/pushed_before.ts";
import { ensureFolder, readText, replaceFile } from "./files.ts";

/** Projects that are remembered; those that were not pushed for the longest are forgotten. */
const MAX_PROJECTS = 1000;

interface Entry extends PushedProject {
  readonly servers: readonly PushTarget[];
}

/**
 * Keeps what was pushed where in `pushed.json` (0600) of the client's folder: a list, the last push first. A file that
 * cannot be read counts as empty, one that cannot be written is left: it is there to ask once more, not to stop pushes.
 *
 * @param folder such as `~/.config/mypaas`; undefined: nothing is remembered
 */
export function targetMemory(folder: string | undefined): TargetMemory {
  const file = `${folder}/pushed.json`;

  async function entries(): Promise<readonly Entry[]> {
    if (folder === undefined) return [];
    try {
      const content: unknown = JSON.parse(await readText(file) ?? "[]");
      return Array.isArray(content) ? content.filter(isEntry) : [];
    } catch {
      return [];
    }
  }

  return {
    async targets(given) {
      const project = await real(given);
      return (await entries()).find((entry) => isOf(entry, project))?.servers ?? [];
    },
    async remember(given, target) {
      if (folder === undefined) return;
      const project = await real(given);
      const all = await entries();
      const own = all.find((entry) => isOf(entry, project))?.servers ?? [];
      const servers = [target, ...own.filter(({ id, url }) => id !== target.id && url !== target.url)];
      const others = all.filter((entry) => !isOf(entry, project));
      const next = [{ ...project, servers }, ...others].slice(0, MAX_PROJECTS);
      if (JSON.stringify(next) === JSON.stringify(all)) return;
      try {
        await ensureFolder(folder, 0o700);
        await replaceFile(file, `${JSON.stringify(next, undefined, 1)}\n`, 0o600);
      } catch {
        // See above.
      }
    },
  };
}

/** The same folder under one name, whichever way it was reached. */
async function real({ folder, service }: PushedProject): Promise<PushedProject> {
  return { folder: await Deno.realPath(folder).catch(() => folder), service };
}

function isOf(entry: Entry, { folder, service }: PushedProject): boolean {
  return entry.folder === folder && entry.service === service;
}

function isEntry(value: unknown): value is Entry {
  return hasTexts(value, ["folder", "service"]) && "servers" in value && Array.isArray(value.servers) &&
    value.servers.every((server) => hasTexts(server, ["id", "name", "url"]));
}

function hasTexts(value: unknown, keys: readonly string[]): value is object {
  return typeof value === "object" && value !== null &&
    keys.every((key) => typeof Reflect.get(value, key) === "string");
}
