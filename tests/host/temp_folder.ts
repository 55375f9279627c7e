/** A folder of its own for a test; `await using` takes it away. */
export async function tempFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "mypaas-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Writes files below a folder: a text makes a file, `{link}` a symlink, `{}` an empty folder. */
export async function plant(
  root: string,
  tree: Readonly<Record<string, string | Uint8Array | { readonly link?: string }>>,
): Promise<void> {
  for (const [path, content] of Object.entries(tree)) {
    const absolute = `${root}/${path}`;
    await Deno.mkdir(absolute.slice(0, absolute.lastIndexOf("/")), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(absolute, content);
    else if (content instanceof Uint8Array) await Deno.writeFile(absolute, content);
    else if (content.link !== undefined) await Deno.symlink(content.link, absolute);
    else await Deno.mkdir(absolute);
  }
}

/** Runs a program and gives its output; it must succeed. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
