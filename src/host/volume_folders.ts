import { UsageError } from "../error.ts";
import type { ServiceSpec, Volume } from "../service/spec.ts";

/**
 * The folders behind bind volumes. Every one lies under the volume root, with symbolic links resolved: a Dockerfile can
 * come from somebody who may deploy but not own the machine. And none lies inside another that a container can write to: it
 * could put a link in the way, which Docker follows when it starts a container, after we have looked.
 */
export class VolumeFolders {
  readonly #root: string;
  readonly #specs: () => readonly ServiceSpec[];
  readonly #oldHome: string;

  /**
   * @param root absolute path; `~` in a Dockerfile
   * @param specs of all that is deployed or about to be
   * @param oldHome what `~` was for mypaas 0.5 on this server
   */
  constructor(root: string, specs: () => readonly ServiceSpec[], oldHome = "/root") {
    this.#root = root;
    this.#specs = specs;
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
    return path;
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
    for (const { name, volumes } of specs) {
      for (const other of volumes) {
        if (other.kind !== "bind") continue;
        const otherReal = await realPathOfExistingPart(this.#expand(other));
        const below = isInside(real, otherReal) && !other.readOnly;
        const above = isInside(otherReal, real) && !volume.readOnly;
        if (!below && !above) continue;
        throw new UsageError(
          `Cannot use the volume "${volume.source}": it lies ${
            below ? "inside" : "around"
          } "${other.source}", a volume of "${name}"`,
          { hint: "Give each a folder of its own, side by side, or mount the outer one read-only (:ro)." },
        );
      }
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
