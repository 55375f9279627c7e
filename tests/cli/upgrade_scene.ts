import { upgrade, type UpgradeDoors, type UpgradeResult } from "../../src/cli/upgrade_program.ts";
import { type ServerDoors, serverTarget } from "../../src/cli/upgrade_server.ts";
import { serverLayout } from "../../src/setup/layout.ts";
import { toWireError } from "../../src/wire/error_body.ts";
import { MyPaasError } from "../../src/error.ts";

const LAYOUT = serverLayout("/");
export const BINARY = LAYOUT.binary;
const DIGEST = "ab".repeat(32);
const URL = "https://get.example";
/** The newest schema that a version knows: the part before the first dot. */
const schemaOf = (version: string) => Number(version.split(".")[0]);

/**
 * A server whose programs are their versions. Every change is a step, before which the power can go; a version with
 * `broken` in it has a daemon that changes the schema, then ends.
 */
export class UpgradeScene {
  /** Programs by path: what each says that its version is. */
  readonly files = new Map<string, string>([[BINARY, "1.0.0"]]);
  readonly published = new Map<string, string>([[`${URL}/VERSION`, "1.1.0\n"]]);
  daemon: string | undefined = "1.0.0";
  receiver = "1.0.0";
  schema = 1;
  copy: number | undefined;
  remembered: string[] = [URL];
  readonly steps: string[] = [];
  readonly said: string[] = [];
  /** The power goes before the step of this number, counted from 0. */
  cutAt = Infinity;

  constructor() {
    for (const version of ["0.9.0", "1.1.0", "2.0.0", "2.0.0-broken"]) this.publish(version, version);
  }

  /** @param told what the program says that its version is */
  publish(version: string, told: string): void {
    this.published.set(`${URL}/${version}/SHA256SUMS`, `${DIGEST}  mypaas-linux-x86_64.gz\n`);
    this.published.set(`${URL}/${version}/mypaas-linux-x86_64.gz`, told);
  }

  upgrade(request: { from?: string; to?: string; check?: boolean } = {}): Promise<UpgradeResult> {
    const { from, to, check = false } = request;
    const say = (line: string) => void this.said.push(line);
    const doors = this.#doors();
    const target = serverTarget(LAYOUT, say, doors);
    return upgrade({ from, to, check }, { terminal: { err: say } }, { target, doors });
  }

  #step(text: string): void {
    if (this.steps.length >= this.cutAt) throw new Error("the power is gone");
    this.steps.push(text);
  }

  #doors(): UpgradeDoors & ServerDoors {
    const done = Promise.resolve();
    const move = (from: string, to: string) => {
      const program = this.files.get(from);
      if (program === undefined) throw new Error(`no ${from}`);
      this.files.set(to, program);
    };
    return {
      remembered: () => Promise.resolve(this.remembered),
      remember: (url) => (this.remembered = [url], done),
      file: "mypaas-linux-x86_64.gz",
      text: (url) => {
        const text = this.published.get(url);
        return text === undefined ? Promise.reject(new MyPaasError(`no ${url}`)) : Promise.resolve(text);
      },
      download: ({ url, to }) => {
        this.#step("download");
        this.files.set(to, this.published.get(url) ?? this.files.get(url) ?? "");
        return done;
      },
      fileUrl: (path) => Promise.resolve(this.files.has(path) ? path : undefined),
      run: (program, args) => Promise.resolve(this.#run(this.files.get(program), args)),
      replace: (next, current, old) => {
        if (old !== undefined) {
          this.#step(`link ${old}`);
          move(current, old);
        }
        this.#step(`rename ${next}`);
        move(next, current);
        this.files.delete(next);
        return done;
      },
      remove: (path) => {
        if (this.files.has(path)) {
          this.#step(`remove ${path}`);
          this.files.delete(path);
        }
        return done;
      },
      exists: (path) => Promise.resolve(this.files.has(path)),
      read: () => Promise.resolve("settings"),
      writeSettings: () => done,
      checkDocker: () => done,
      init: (program) => Promise.resolve(this.#init(this.files.get(program) ?? "")),
      isSupervised: true,
      daemonVersion: () => Promise.resolve(this.daemon),
      receiverVersion: () => Promise.resolve(this.receiver),
      pause: () => {
        this.#step("pause");
        return Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() });
      },
      stopDaemon: () => {
        this.#step("stop the daemon");
        this.daemon = undefined;
        return done;
      },
      restoreState: () => {
        this.#step("restore the state");
        this.schema = this.copy ?? this.schema;
        this.copy = undefined;
        return done;
      },
      forgetState: () => {
        this.copy = undefined;
        return done;
      },
    };
  }

  #run(version: string | undefined, args: readonly string[]) {
    if (version === undefined || version === "") return { code: -1, stdout: "", stderr: "it does not run" };
    if (args[0] === "--version") return { code: 0, stdout: `${version}\n`, stderr: "" };
    if (schemaOf(version) >= this.schema) return { code: 0, stdout: "", stderr: "" };
    return failure(new MyPaasError("Cannot use the state: a newer version of MyPaas wrote it"));
  }

  #init(version: string) {
    this.#step(`init of ${version}`);
    this.receiver = version;
    this.daemon = undefined;
    if (schemaOf(version) < this.schema) return failure(new MyPaasError("Cannot use the state"));
    if (schemaOf(version) > this.schema) {
      this.copy = this.schema;
      this.schema = schemaOf(version);
    }
    if (version.includes("broken")) return failure(new MyPaasError("Cannot start the daemon", { hint: "h" }));
    this.daemon = version;
    return { code: 0, stdout: "", stderr: "" };
  }
}

function failure(error: MyPaasError) {
  return {
    code: 1,
    stdout: "",
    stderr: `some line\n${JSON.stringify({ kind: "error", error: toWireError(error) })}\n`,
  };
}
