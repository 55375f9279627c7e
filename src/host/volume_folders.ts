import { UsageError } from "../error.ts";
import type { ServiceSpec, Volume } from "../service/spec.ts";

/**
 * The folders behind bind volumes. Every one lies under the volume root, with symbolic links resolved: a Dockerfile can
 * come from somebody who may deploy but not own the machine.
 */
export class VolumeFolders {
  readonly #root: string;
  readonly #oldHome: string;

  /**
   * @param root absolute path; `~` in a Dockerfile
   * @param oldHome what `~` was for mypaas 0.5 on this server
   */
  constructor(root: string, oldHome = "/root") {
    this.#root = root;
    this.#oldHome = oldHome;
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

  /**
   * Refuses a spec of which a bind volume is not allowed, or would be a new and empty folder while mypaas 0.5 has left
   * one of that name in its `~`. Creates nothing.
   *
   * @throws {UsageError}
   */
  async check(spec: Pick<ServiceSpec, "volumes">): Promise<void> {
    for (const volume of spec.volumes) {
      if (volume.kind !== "bind") continue;
      const path = await this.path(volume);
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
    await Deno.mkdir(path, { recursive: true });
    // Looked at again: what was made must still lie inside.
    return await this.path(volume);
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
