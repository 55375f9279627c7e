import { UsageError } from "../error.ts";
import type { ServiceSpec, Volume } from "../service/spec.ts";

/**
 * The folders behind bind volumes. Every one lies under the volume root, with symbolic links resolved: a Dockerfile can
 * come from somebody who may deploy but not own the machine.
 */
export class VolumeFolders {
  readonly #root: string;

  /** @param root absolute path; `~` in a Dockerfile */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * The path that a bind volume stands for.
   *
   * @throws {UsageError} when it is not under the volume root, as text or after links are followed
   */
  async path(volume: Volume): Promise<string> {
    const path = volume.source === "~" || volume.source.startsWith("~/")
      ? `${this.#root}${volume.source.slice(1)}`
      : volume.source;
    const root = await Deno.realPath(this.#root).catch(() => this.#root);
    const real = await realPathOfExistingPart(path);
    if (!isInside(path, this.#root) && !isInside(path, root) || !isInside(real, root)) {
      throw new UsageError(`Cannot use the volume "${volume.source}": it is not under ${this.#root}`, {
        hint: `Write "~/name:${volume.target}" for ${this.#root}/name, or "name:${volume.target}" for a Docker volume.`,
      });
    }
    return path;
  }

  /** Refuses a spec of which a bind volume is not allowed. Creates nothing. */
  async check(spec: ServiceSpec): Promise<void> {
    for (const volume of spec.volumes) if (volume.kind === "bind") await this.path(volume);
  }

  /** Makes the folder when it is not there, and returns its path. */
  async ensure(volume: Volume): Promise<string> {
    const path = await this.path(volume);
    await Deno.mkdir(path, { recursive: true });
    // Looked at again: what was made must still lie inside.
    return await this.path(volume);
  }
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
