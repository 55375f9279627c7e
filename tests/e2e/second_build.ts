import { CHECKOUT } from "./project.ts";

const { version: VERSION }: { version: string } = JSON.parse(await Deno.readTextFile(`${CHECKOUT}/deno.json`));

/** Edits of source files: path, what is there, what shall be there. */
export type Edit = readonly [string, string, string];

/**
 * Compiles the program once more as another version.
 *
 * @param folder for a copy of the sources; a second version in the same folder takes a moment only
 * @returns the path of the program
 */
export async function compileVersion(folder: string, version: string, edits: readonly Edit[] = []): Promise<string> {
  const checkout = (names: readonly string[]) => names.map((name) => `${CHECKOUT}/${name}`);
  await run("mkdir", "-p", `${folder}/scripts`);
  await run("cp", "-R", ...checkout(["main.ts", "deno.json", "deno.lock", "src", "types"]), folder);
  const scripts = ["compile", "toolchain.sh", "strip_types.ts", "mask_code.ts"].map((name) => `scripts/${name}`);
  await run("cp", ...checkout(scripts), `${folder}/scripts`);
  for (const [path, before, after] of [["deno.json", `"${VERSION}"`, `"${version}"`], ...edits] as const) {
    const text = await Deno.readTextFile(`${folder}/${path}`);
    if (!text.includes(before)) throw new Error(`${path} has no ${before}`);
    await Deno.writeTextFile(`${folder}/${path}`, text.replace(before, () => after));
  }
  const program = `${folder}/mypaas-${version}`;
  await run("env", `MYPAAS_TOOLS=${CHECKOUT}/.tools`, `${folder}/scripts/compile`, "--output", program);
  return program;
}

/** Adds a version to a folder of releases, as scripts/release lays it out; the newest is the one added last. */
export async function addRelease(folder: string, version: string, program: string): Promise<void> {
  const file = `mypaas-linux-${Deno.build.arch}.gz`;
  await Deno.mkdir(`${folder}/${version}`, { recursive: true });
  const script = 'cd "$1" && gzip -1 -n -c "$2" >"$3" && sha256sum "$3" >SHA256SUMS && echo "$4" >../VERSION';
  await run("bash", "-c", script, "bash", `${folder}/${version}`, program, file, version);
}

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
