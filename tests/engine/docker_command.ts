import { type TarHeader, unpackTar } from "modern-tar";
import { listContext, readIgnore } from "../../src/archive/context_list.ts";
import { parseIgnore } from "../../src/archive/ignore.ts";
import { UsageError } from "../../src/error.ts";
import { diskTree } from "../../src/host/tree.ts";
import { plant } from "../host/temp_folder.ts";
import type { ContextCase } from "./context_case.ts";

/** What one side makes of a case: a line for each entry, sorted; undefined when it refuses the patterns. */
export type Verdict = readonly string[] | undefined;

const IGNORE_FILE = ".dockerignore";

/** The docker command that the rules are measured against: that of Debian's docker.io 20.10. */
export async function findDocker(): Promise<string> {
  for (const path of ["/usr/bin/docker", "docker"]) {
    const { stdout } = await new Deno.Command(path, { args: ["--version"] }).output().catch(() => ({
      stdout: new Uint8Array(),
    }));
    if (new TextDecoder().decode(stdout).startsWith("Docker version 20.10.")) return path;
  }
  throw new Error("This needs the docker command 20.10: apt-get install docker.io, of Debian 12");
}

/** Writes a case below a folder that is there. */
export async function plantCase(folder: string, { tree, modes, ignore }: ContextCase): Promise<void> {
  await plant(folder, tree);
  await Deno.writeFile(`${folder}/${IGNORE_FILE}`, ignore, { mode: 0o644 });
  // From the inside out: a folder may become one that cannot be entered.
  for (const [path, mode] of Object.entries(modes).reverse()) await Deno.chmod(`${folder}/${path}`, mode);
}

/** Our side, without the Dockerfile that is only built from. */
export async function ourVerdict(folder: string): Promise<Verdict> {
  const tree = diskTree(folder);
  try {
    const ignore = await readIgnore(tree, "Dockerfile");
    const entries = await listContext(tree, { ignore, dockerfile: "Dockerfile" });
    return entries
      .filter(({ buildOnly }) => buildOnly !== true)
      .map(({ type, path, mode, size, target }) => entryLine({ type, path, mode, size, target }))
      .sort();
  } catch (error) {
    if (error instanceof UsageError && error.message.startsWith('Cannot read ".dockerignore"')) return undefined;
    throw error;
  }
}

/** An entry for comparison: the size of a file, the target of a link, the mode of what is no link. */
export function entryLine(
  { type, path, mode, size, target }: {
    readonly type: string;
    readonly path: string;
    readonly mode: number;
    readonly size: number;
    readonly target: string;
  },
): string {
  const what = type === "file"
    ? `${mode.toString(8)} ${size} bytes`
    : type === "dir"
    ? mode.toString(8)
    : `-> ${target}`;
  return `${JSON.stringify(path)} ${type} ${what}`;
}

/** Plays the Engine to the docker command with the classic builder, and keeps the context that it sends. */
export class DockerCommand implements AsyncDisposable {
  readonly #docker: string;
  readonly #folder: string;
  readonly #server: Deno.HttpServer;
  /** Contexts by the name of the image that was to be built. */
  readonly #contexts = new Map<string, Uint8Array<ArrayBuffer>>();

  private constructor(docker: string, folder: string) {
    this.#docker = docker;
    this.#folder = folder;
    this.#server = Deno.serve(
      { path: `${folder}/docker.sock`, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  static async start(): Promise<DockerCommand> {
    const docker = await findDocker();
    const command = new DockerCommand(docker, await Deno.makeTempDir({ prefix: "mypaas-test-" }));
    await Deno.writeTextFile(`${command.#folder}/Dockerfile`, "FROM scratch\nCOPY . /\n");
    return command;
  }

  /**
   * What `COPY . /` would copy. The command always sends `.dockerignore` and the Dockerfile, and the classic builder takes
   * those away that are ignored; that is done here.
   *
   * @param outside has it build from a Dockerfile elsewhere, so that the one in the folder is judged as any other file
   */
  async verdict(folder: string, { seed, ignore }: ContextCase, outside: boolean): Promise<Verdict> {
    const image = `case-${seed}`;
    const { success, stderr } = await new Deno.Command(this.#docker, {
      args: ["build", "-q", "-t", image, "-f", `${outside ? this.#folder : folder}/Dockerfile`, folder],
      env: { DOCKER_HOST: `unix://${this.#folder}/docker.sock`, DOCKER_BUILDKIT: "0", HOME: this.#folder },
    }).output();
    if (!success) {
      const said = new TextDecoder().decode(stderr);
      if (/syntax error in pattern|illegal exclusion pattern|error parsing regexp/.test(said)) return undefined;
      throw new Error(`docker build of case ${seed}: ${said}`);
    }
    const context = this.#contexts.get(image);
    if (context === undefined) throw new Error(`docker sent nothing for case ${seed}`);
    this.#contexts.delete(image);
    const rules = parseIgnore(new TextDecoder("utf-8", { ignoreBOM: true }).decode(ignore));
    return await contextLines(context, {
      isLeftOut: (path) =>
        path === IGNORE_FILE || (path === "Dockerfile" && !outside)
          ? rules.isIgnored(path)
          : outside && path.startsWith(".dockerfile."),
      // To its copy the command adds the name of the Dockerfile that it sends along.
      ignoreSize: ignore.length,
    });
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/_ping") return new Response("OK", { headers: { "API-Version": "1.41", "OSType": "linux" } });
    if (!pathname.endsWith("/build")) return Response.json({ message: `no ${pathname} here` }, { status: 404 });
    const image = searchParams.get("t") ?? "";
    this.#contexts.set(image, await new Response(request.body).bytes());
    return new Response(`${JSON.stringify({ aux: { ID: `sha256:${"0".repeat(64)}` } })}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Lines of a context's tar, and of the folders that a builder makes for what is inside them. */
export async function contextLines(
  tar: Uint8Array | ReadableStream<Uint8Array>,
  { isLeftOut, ignoreSize }: { readonly isLeftOut: (path: string) => boolean; readonly ignoreSize?: number },
): Promise<readonly string[]> {
  const lines = new Map<string, string>();
  const implied = new Set<string>();
  for (const { header } of await unpackTar(tar)) {
    const path = header.name.replace(/\/$/, "");
    const parts = path.split("/");
    for (let n = 1; n < parts.length; n++) implied.add(parts.slice(0, n).join("/"));
    if (isLeftOut(path)) continue;
    const size = path === IGNORE_FILE && ignoreSize !== undefined ? ignoreSize : header.size;
    lines.set(
      path,
      entryLine({ type: typeOf(header), path, mode: (header.mode ?? 0) & 0o7777, size, target: header.linkname ?? "" }),
    );
  }
  for (const path of implied) {
    if (!lines.has(path)) lines.set(path, entryLine({ type: "dir", path, mode: 0o755, size: 0, target: "" }));
  }
  return [...lines.values()].sort();
}

function typeOf({ type }: TarHeader): string {
  return type === "directory" ? "dir" : type === "symlink" ? "link" : String(type);
}
