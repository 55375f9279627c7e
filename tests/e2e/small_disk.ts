/** A disk in memory at a folder, small enough to be filled. */
export class SmallDisk implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Mounts it; needs root. @param size such as `64m` */
  static async mount(folder: string, size: string): Promise<SmallDisk> {
    await Deno.mkdir(folder, { recursive: true });
    await run("mount", "-t", "tmpfs", "-o", `size=${size},mode=0700`, "tmpfs", folder);
    return new SmallDisk(folder);
  }

  /** Fills it to the last byte. */
  async fill(): Promise<void> {
    await run("bash", "-c", 'cat /dev/zero >"$0" 2>/dev/null || true', this.#filler);
  }

  /** Makes it as it was before. */
  async empty(): Promise<void> {
    await Deno.remove(this.#filler);
  }

  /** Nothing may have a file of it open for writing. */
  async setReadOnly(readOnly: boolean): Promise<void> {
    await run("mount", "-o", `remount,bind,${readOnly ? "ro" : "rw"}`, this.#folder);
  }

  get #filler(): string {
    return `${this.#folder}/filler`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", "--lazy", this.#folder);
  }
}

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
