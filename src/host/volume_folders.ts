import { UsageError } from "../error.ts";
import type { ServiceSpec, Volume } from "../service/spec.ts";

/** A folder of the server that a container has, running or not. */
export interface MountedFolder {
  readonly service: string;
  /** Absolute path on the server. */
  readonly source: string;
  readonly readOnly: boolean;
}

/**
 * The folders behind bind volumes. Every one lies under the volume root: a Dockerfile can come from somebody who may deploy
 * but not own the machine. No part of its path below the root's own folders is a symbolic link, which a container may have
 * left there. And none lies inside another that a container can write to: it could put a link in the way, which Docker
 * follows when it starts a container, after we have looked. That counts for what is deployed and for every container that
 * is still there, such as one that drains.
 */
export class VolumeFolders {
  readonly #root: string;
  readonly #specs: () => readonly ServiceSpec[];
  readonly #mounted: () => Promise<readonly MountedFolder[]>;
  readonly #oldHome: string;

  /**
   * @param root absolute path; `~` in a Dockerfile
   * @param specs of all that is deployed or about to be
   * @param mounted the bind mounts of all our containers
   * @param oldHome what `~` was for mypaas 0.5 on this server
   */
  constructor(
    root: string,
    specs: () => readonly ServiceSpec[],
    { mounted = () => Promise.resolve([]), oldHome = "/root" }: {
      readonly mounted?: () => Promise<readonly MountedFolder[]>;
      readonly oldHome?: string;
    } = {},
  ) {
    this.#root = root;
    this.#specs = specs;
    this.#mounted = mounted;
    this.#oldHome = oldHome;
  }

  /**
   * The path that a bind volume stands for.
   *
   * @throws {UsageError} when it is not under the volume root, as text or after links are followed
   */
  async path(volume: Volume): Promise<string> {
    const path = this.#expand(volume);
    const root = await Deno.realPath(this.#root).catch(() => this.#root);
    const real = await realPathOfExistingPart(path);
    if (!isInside(path, this.#root) && !isInside(path, root) || !isInside(real, root)) {
      throw new UsageError(`Cannot use the volume "${volume.source}": it is not under ${this.#root}`, {
        hint: `Write "~/name:${volume.target}" for ${this.#root}/name, or "name:${volume.target}" for a Docker volume.`,
      });
    }
    const link = await linkBelow(isInside(path, this.#root) ? this.#root : root, path);
    if (link !== undefined) {
      throw new UsageError(`Cannot use the volume "${volume.source}": ${link} is a symbolic link`, {
        hint: "A container may have made it, so it is not followed. Name the folder that it leads to, or remove it.",
      });
    }
    return path;
  }

  /**
   * Refuses what somebody who may not act on all services may not have: the folder of a service that is not theirs, and one
   * that is there already though no release of theirs had it. What the live release has it keeps.
   *
   * @param known specs of the releases that the state knows, of every service
   * @throws {UsageError}
   */
  async checkOwner(
    spec: ServiceSpec,
    { known, live, mayAct }: {
      readonly known: readonly ServiceSpec[];
      readonly live: ServiceSpec | undefined;
      readonly mayAct: (service: string) => boolean;
    },
  ): Promise<void> {
    const kept = new Set(live?.volumes.filter(({ kind }) => kind === "bind").map((volume) => this.#expand(volume)));
    const folders = known.flatMap(({ name, volumes }) =>
      volumes.filter(({ kind }) => kind === "bind").map((volume) => ({ name, path: this.#expand(volume) }))
    );
    for (const volume of spec.volumes) {
      if (volume.kind !== "bind") continue;
      const path = await this.path(volume);
      if (kept.has(path)) continue;
      const touches = folders.filter((other) =>
        path === other.path || isInside(path, other.path) || isInside(other.path, path)
      );
      const foreign = touches.find(({ name }) => !mayAct(name));
      const hint = "Choose another folder, or have somebody deploy it whose key is for all services.";
      if (foreign !== undefined) {
        const whose = `"${foreign.name}" has it, and your key is not for "${foreign.name}"`;
        throw new UsageError(`Cannot use the volume "${volume.source}": ${whose}`, { hint });
      }
      if (touches.every((other) => other.path !== path) && await exists(path)) {
        const told = "it is there already, and no release that your key may act on had it";
        throw new UsageError(`Cannot use the volume "${volume.source}": ${told}`, { hint });
      }
    }
  }

  /**
   * Refuses a spec of which a bind volume is not allowed, or would be a new and empty folder while mypaas 0.5 has left
   * one of that name in its `~`. Creates nothing.
   *
   * @throws {UsageError}
   */
  async check(spec: ServiceSpec): Promise<void> {
    for (const volume of spec.volumes) {
      if (volume.kind !== "bind") continue;
      const path = await this.path(volume);
      await this.#refuseNested(volume, [...this.#specs(), spec]);
      if (!volume.source.startsWith("~/")) continue;
      const old = this.#oldHome + volume.source.slice(1);
      // `_mypaas` is where mypaas 0.5 kept its own files: on any other server what is in /root is nobody's business.
      if (await exists(path) || !await exists(`${this.#oldHome}/_mypaas`) || !await exists(old)) continue;
      throw new UsageError(
        `Cannot use the volume "${volume.source}": it is ${path}, which is not there, but ${old} is, which mypaas 0.5 used`,
        { hint: `Stop what uses it and move it: mv ${old} ${path}. To begin with an empty folder: mkdir -p ${path}` },
      );
    }
  }

  /** Makes the folder when it is not there, and returns its path. */
  async ensure(volume: Volume): Promise<string> {
    const path = await this.path(volume);
    await this.#refuseNested(volume, this.#specs());
    makeForAll(path);
    // Looked at again: what was made must still lie inside.
    return await this.path(volume);
  }

  #expand({ source }: Volume): string {
    return source === "~" || source.startsWith("~/") ? `${this.#root}${source.slice(1)}` : source;
  }

  async #refuseNested(volume: Volume, specs: readonly ServiceSpec[]): Promise<void> {
    const real = await realPathOfExistingPart(this.#expand(volume));
    const deployed = specs.flatMap(({ name: service, volumes }) =>
      volumes.filter(({ kind }) => kind === "bind").map((other) => ({ ...other, service, path: this.#expand(other) }))
    );
    const mounted = (await this.#mounted()).map((folder) => ({ ...folder, path: folder.source }));
    for (const other of [...deployed, ...mounted]) {
      const otherReal = await realPathOfExistingPart(other.path);
      const below = isInside(real, otherReal) && !other.readOnly;
      const above = isInside(otherReal, real) && !volume.readOnly;
      if (!below && !above) continue;
      throw new UsageError(
        `Cannot use the volume "${volume.source}": it lies ${
          below ? "inside" : "around"
        } "${other.source}", a volume of "${other.service}"`,
        { hint: "Give each a folder of its own, side by side, or mount the outer one read-only (:ro)." },
      );
    }
  }
}

/** A container may run as anybody, while what the daemon makes for itself is closed to others (its unit's `UMask`). */
function makeForAll(path: string): void {
  const own = Deno.umask(0o022);
  try {
    // Nothing else runs in between.
    Deno.mkdirSync(path, { recursive: true });
  } finally {
    Deno.umask(own);
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

/** The first part of a path that is a symbolic link, not looking at `root` and above. */
async function linkBelow(root: string, path: string): Promise<string | undefined> {
  let part = root;
  for (const name of path.slice(root.length).split("/").filter((name) => name !== "")) {
    part = `${part}/${name}`;
    const info = await Deno.lstat(part).catch(() => undefined);
    if (info === undefined) return undefined;
    if (info.isSymlink) return part;
  }
  return undefined;
}

function isInside(path: string, root: string): boolean {
  return path.startsWith(root.endsWith("/") ? root : `${root}/`) && !path.split("/").includes("..");
}

async function realPathOfExistingPart(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const cut = path.lastIndexOf("/");
    return cut <= 0 ? path : `${await realPathOfExistingPart(path.slice(0, cut))}${path.slice(cut)}`;
  }
}
