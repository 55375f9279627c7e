import { imageLabels, importImage, pullImage, removeImage } from "./engine.ts";
import { CHECKOUT } from "./project.ts";

/** By this label a stand-in is known, also one that a killed run has left. */
const STAND_IN = "org.mypaas-tests.stand-in";
/** Runs of the tests on one machine use the stand-ins one after another, so that none removes those of another. */
const LOCK = "/tmp/mypaas-base-images.lock";

/** What an image is made of. */
interface Recipe {
  /** Files and folders of this machine, which have the same paths in the image; the libraries of programs follow. */
  readonly paths: readonly string[];
  /** A shell pattern: what the program loads later, in one of the paths. */
  readonly modules?: string;
  /** Files to write, by path; `copyOf` takes them from this machine. */
  readonly files?: Readonly<Record<string, string | { readonly copyOf: string }>>;
  /** Empty folders. */
  readonly folders?: readonly string[];
  /** Instructions such as `ENV A=b`. */
  readonly changes: readonly string[];
}

/** By repository. */
const RECIPES: Readonly<Record<string, () => Promise<Recipe>>> = { golang, python, node, redis };

/** The base images that some Dockerfiles name, there while the tests of a file run. */
export class BaseImages implements AsyncDisposable {
  readonly #lock: Deno.FsFile;
  readonly #made: string[] = [];

  private constructor(lock: Deno.FsFile) {
    this.#lock = lock;
  }

  /**
   * Pulls the images that are not on the machine; of what cannot be pulled, makes a stand-in with the same name out of the
   * machine's own programs, and says so. It has the runtime, its libraries and busybox's shell, and no package manager.
   */
  static async of(dockerfiles: readonly string[]): Promise<BaseImages> {
    const lock = await Deno.open(LOCK, { create: true, write: true });
    await lock.lock(true);
    const images = new BaseImages(lock);
    try {
      const names = new Set((await Promise.all(dockerfiles.map(basesOf))).flat());
      const made = await Promise.allSettled([...names].map((name) => images.#provide(name)));
      for (const one of made) if (one.status === "rejected") throw one.reason;
      return images;
    } catch (error) {
      await images[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #provide(name: string): Promise<void> {
    const labels = await imageLabels(name);
    if (labels === undefined) {
      if (await pullImage(name)) return;
      const recipe = RECIPES[name.replace(/:.*/, "")];
      if (recipe === undefined) throw new Error(`Cannot pull "${name}", and there is no recipe for a stand-in`);
      console.error(`cannot pull ${name}: made a stand-in from this machine's own files`);
      await make(name, await recipe());
    } else if (!(STAND_IN in labels)) return;
    this.#made.push(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#made) await removeImage(name);
    this.#lock.close();
  }
}

/** The images a Dockerfile builds on, without those that are its own stages. */
async function basesOf(dockerfile: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(dockerfile);
  return [...text.matchAll(/^FROM (\S+)/gm)].map(([, name = ""]) => name).filter((name) => name !== "scratch");
}

async function golang(): Promise<Recipe> {
  const goroot = await output(`PATH=$PATH:/usr/local/go/bin go env GOROOT`);
  // With what it compiled for tests/e2e/app: to compile the standard library again would take half a minute.
  const cache = `${await Deno.realPath(`${CHECKOUT}/.tools`)}/go-build`;
  return {
    paths: [...["bin/go", "pkg", "src", "VERSION", "go.env"].map((part) => `${goroot}/${part}`), cache],
    changes: [`ENV PATH=${goroot}/bin:/bin GOCACHE=${cache} GOFLAGS=-buildvcs=false`],
  };
}

async function python(): Promise<Recipe> {
  const asked = "import sys, sysconfig; print(sys.executable, sysconfig.get_path('stdlib'))";
  const [program = "", library = ""] = (await output(`python3 -c "${asked}"`)).split(" ");
  return {
    paths: [program, library],
    modules: `${library}/lib-dynload/*.so`,
    changes: [`ENV PATH=${program.replace(/\/[^/]*$/, "")}:/bin`],
  };
}

async function node(): Promise<Recipe> {
  const program = await output("node -p process.execPath");
  return { paths: [program], changes: [`ENV PATH=${program.replace(/\/[^/]*$/, "")}:/bin`] };
}

async function redis(): Promise<Recipe> {
  const client = await output("command -v redis-cli");
  // Debian's redis-check-rdb is the server too, by the name it is called.
  const server = await output("command -v redis-check-rdb");
  return {
    paths: [client],
    files: {
      // The official image is compiled without protected mode, which refuses other containers.
      "bin/redis-server": '#!/bin/sh\nexec /opt/redis-server "$@" --protected-mode no\n',
      "opt/redis-server": { copyOf: server },
    },
    folders: ["data"],
    changes: [`ENV PATH=/bin:${client.replace(/\/[^/]*$/, "")}`, "WORKDIR /data"],
  };
}

/** Makes the image in one go, from a tar that is the same whenever the files are. */
async function make(name: string, { paths, modules = "", files = {}, folders = [], changes }: Recipe): Promise<void> {
  const own = await Deno.makeTempDir({ prefix: "mypaas-base-" });
  try {
    const ownFolders = [...folders, "bin", "etc", "opt", "tmp"];
    for (const folder of ownFolders) await Deno.mkdir(`${own}/${folder}`);
    await Deno.chmod(`${own}/tmp`, 0o1777);
    const users = ["root:x:0:0", "node:x:1000:1000", "nobody:x:65534:65534"].map((user) => `${user}::/:/bin/sh\n`);
    const all = {
      ...files,
      "bin/sh": { copyOf: await output("command -v busybox") },
      "etc/passwd": users.join(""),
    };
    for (const [path, content] of Object.entries(all)) {
      if (typeof content === "string") await Deno.writeTextFile(`${own}/${path}`, content);
      else await Deno.copyFile(content.copyOf, `${own}/${path}`);
      await Deno.chmod(`${own}/${path}`, 0o755);
    }
    const copied = Object.values(files).flatMap((file) => typeof file === "string" ? [] : [file.copyOf]);
    const wanted = [...paths, ...await librariesOf([...paths, ...copied, modules])];
    const tar = tarOf({ path: own, folders: ownFolders }, wanted);
    await importImage(name, tar.stdout, { changes: [...changes, `LABEL ${STAND_IN}=true`] });
    // 1: a folder or file changed meanwhile, such as a cache that something else on this machine writes to.
    const { code } = await tar.status;
    if (code > 1) {
      await removeImage(name);
      throw new Error(`Cannot make a stand-in for "${name}": tar ended with ${code}; run scripts/setup_tests`);
    }
  } finally {
    await Deno.remove(own, { recursive: true });
  }
}

/** Files of this machine, with the folders above them, and the own ones. Anybody may read all of it. */
function tarOf(
  own: { readonly path: string; readonly folders: readonly string[] },
  paths: readonly string[],
): Deno.ChildProcess {
  const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--mode=a+rX", "--dereference"];
  const unused = [
    "*_test.go",
    "testdata",
    "src/cmd",
    "__pycache__",
    "site-packages",
    "python3*/test",
    "idlelib",
    "config-*",
  ];
  // Docker takes no path twice.
  const above = new Set(paths.flatMap((path) => foldersAbove(path))).difference(
    new Set(own.folders.map((folder) => `/${folder}`)),
  );
  return new Deno.Command("tar", {
    args: [
      "--create",
      ...same,
      ...unused.map((pattern) => `--exclude=${pattern}`),
      "--directory=/",
      "--no-recursion",
      ...[...above].map(relative),
      "--recursion",
      ...paths.map(relative),
      `--directory=${own.path}`,
      ".",
    ],
    stdin: "null",
    stdout: "piped",
  }).spawn();
}

/** `/a/b/c` → `/a`, `/a/b`. */
function foldersAbove(path: string): readonly string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

function relative(path: string): string {
  return path.slice(1);
}

/** The shared libraries that programs load, and the loader itself. Shell patterns are allowed. */
async function librariesOf(paths: readonly string[]): Promise<readonly string[]> {
  const found = await output(`ldd ${paths.join(" ")} 2>/dev/null || true`);
  return [...new Set([...found.matchAll(/(?:=> |^\s+)(\/\S+) \(/gm)].map(([, path = ""]) => path))];
}

async function output(command: string): Promise<string> {
  const { success, stdout } = await new Deno.Command("bash", { args: ["-c", command], stdin: "null" }).output();
  if (!success) throw new Error(`Cannot make a base image: failed: ${command}`);
  return new TextDecoder().decode(stdout).trim();
}
