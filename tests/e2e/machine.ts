import { assertEquals } from "@std/assert";
import { exec, startDetached } from "./engine.ts";

export interface MachineOptions {
  /** `uid:gid` of who types on it; default: root. */
  readonly user?: string;
  /** The folder of this host that is `/home/me` there, where every line is typed. */
  readonly home: string;
  /** `/on/host:/in/machine` */
  readonly binds?: readonly string[];
  readonly env?: readonly string[];
}

/** A machine of its own, as far as somebody who types on it sees: a bare Debian in the network of this host. */
export class Machine implements AsyncDisposable {
  readonly #container: AsyncDisposable & { readonly id: string };

  private constructor(container: AsyncDisposable & { readonly id: string }) {
    this.#container = container;
  }

  /** @param image made of tests/e2e/debian_root.sh */
  static async start(image: string, { user = "", home, binds = [], env = [] }: MachineOptions): Promise<Machine> {
    const container = await startDetached({
      image,
      // What a killed run leaves ends by itself.
      command: ["sleep", "900"],
      labels: {},
      binds: [`${home}:/home/me`, ...binds],
      network: "host",
      ports: {},
      user,
      env: ["HOME=/home/me", "NO_COLOR=1", ...env],
    });
    return new Machine(container);
  }

  /**
   * Types a line in a new terminal, whose shell reads ~/.profile, and expects that it succeeds.
   *
   * @param folder below the home folder
   * @returns what is shown
   */
  async type(line: string, folder = "."): Promise<string> {
    const script = `set -e -o pipefail\ncd ~/${folder}\n${line}\n`;
    const { code, output } = await exec(this.#container.id, ["bash", "-lc", script]);
    assertEquals(code, 0, `${line}\n${output}`);
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#container[Symbol.asyncDispose]();
  }
}
