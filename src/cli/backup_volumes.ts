import type { VolumeFolder } from "../docker/engine_volumes.ts";
import type { ServiceSpec } from "../service/spec.ts";
import type { VolumePlace } from "../setup/backup_entries.ts";

/** A folder that is copied, with the services that write in it. */
export interface VolumeSource {
  readonly place: VolumePlace;
  readonly folder: string;
  readonly services: readonly string[];
}

/** Folders that are copied while the same services stand still. */
export interface VolumeGroup {
  readonly services: readonly string[];
  readonly sources: readonly VolumeSource[];
}

/** The folders of bind volumes below the volume root, each once, without those that lie inside another. Pure. */
export function bindSources(specs: readonly ServiceSpec[], root: string): readonly VolumeSource[] {
  const byPath = new Map<string, Set<string>>();
  for (const { name, volumes } of specs) {
    for (const { kind, source } of volumes) {
      if (kind !== "bind") continue;
      const path = pathBelow(root, source);
      if (path !== undefined) byPath.set(path, (byPath.get(path) ?? new Set()).add(name));
    }
  }
  const outer = [...byPath.keys()].filter((path) => ![...byPath.keys()].some((other) => path.startsWith(`${other}/`)));
  return outer.sort().map((path) => {
    const inside = [...byPath].filter(([other]) => other === path || other.startsWith(`${path}/`));
    const services = [...new Set(inside.flatMap(([, names]) => [...names]))].sort();
    return { place: { kind: "bind", path }, folder: `${root}/${path}`, services };
  });
}

/** The bind volumes that name the volume root by another path, such as one that a link leads to. */
export function strayBinds(specs: readonly ServiceSpec[], root: string): readonly string[] {
  const binds = specs.flatMap(({ volumes }) => volumes.filter(({ kind }) => kind === "bind"));
  return [...new Set(binds.map(({ source }) => source))].filter((source) => pathBelow(root, source) === undefined);
}

/** A source as a plain path below the volume root; undefined when its text does not lie there. */
function pathBelow(root: string, source: string): string | undefined {
  const below = [`~/`, `${root}/`].find((begin) => source.startsWith(begin));
  if (below === undefined) return undefined;
  return source.slice(below.length).split("/").filter((part) => part !== "" && part !== ".").join("/") || undefined;
}

export function namedSources(volumes: readonly VolumeFolder[]): readonly VolumeSource[] {
  return volumes.map(({ name, service, folder }) => ({
    place: { kind: "named", name, service },
    folder,
    services: [service],
  }));
}

/** Puts together what is to be copied at one moment: the volumes of a service, and of those that share one with it. Pure. */
export function groupSources(sources: readonly VolumeSource[]): readonly VolumeGroup[] {
  let groups: readonly VolumeGroup[] = [];
  for (const source of sources) {
    const touches = ({ services }: VolumeGroup) => services.some((service) => source.services.includes(service));
    const joined = groups.filter(touches);
    groups = [...groups.filter((group) => !touches(group)), {
      services: [...new Set([...joined.flatMap(({ services }) => services), ...source.services])].sort(),
      sources: [...joined.flatMap((group) => group.sources), source],
    }];
  }
  return groups;
}
