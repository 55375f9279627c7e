import type { EnvVariable } from "../service/spec.ts";
import { ensureFolder } from "./files.ts";

/**
 * The secrets that containers get as files: a folder per container, below one that is closed to all but root. What is under
 * `/run` is in memory and gone after a boot.
 */
export class DiskSecretFolders {
  readonly #root: string;

  /** @param root made when it is needed */
  constructor(root: string) {
    this.#root = root;
  }

  async make(container: string): Promise<string> {
    await ensureFolder(this.#root, 0o700);
    const path = this.#path(container);
    // Its container's user looks into it, who may be anybody.
    await ensureFolder(path, 0o755);
    return path;
  }

  async isFilled(container: string): Promise<boolean> {
    try {
      for await (const _ of Deno.readDir(this.#path(container))) return true;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return false;
  }

  /**
   * Renamed into place: a container that starts meanwhile finds none of its files, or all of them. `ContainerSecrets.sweep`
   * knows the name before.
   */
  async fill(container: string, files: readonly EnvVariable[], user: number): Promise<void> {
    const unfinished = `${container}.new`;
    await this.remove(unfinished);
    const folder = await this.make(unfinished);
    for (const { name, value } of files) {
      const path = `${folder}/${name}`;
      await Deno.writeTextFile(path, value, { mode: 0o400, createNew: true });
      await Deno.chown(path, user, user);
    }
    await Deno.rename(folder, this.#path(container));
  }

  async remove(container: string): Promise<void> {
    await Deno.remove(this.#path(container), { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }

  async containers(): Promise<readonly string[]> {
    try {
      return (await Array.fromAsync(Deno.readDir(this.#root))).map(({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  #path(container: string): string {
    return `${this.#root}/${container}`;
  }
}
