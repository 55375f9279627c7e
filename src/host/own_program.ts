/** The running program's own file. */
export interface OwnProgram {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly os: string;
  readonly arch: string;
  readonly isRoot: boolean;
}

/** @returns undefined when it is no compiled program */
export async function ownProgram(): Promise<OwnProgram | undefined> {
  if (!Deno.build.standalone) return undefined;
  const { os, arch } = Deno.build;
  return { path: await Deno.realPath(Deno.execPath()), os, arch, isRoot: os !== "windows" && Deno.uid() === 0 };
}

/** The URL of a file; undefined when there is none. */
export async function fileUrl(path: string): Promise<string | undefined> {
  try {
    if (!(await Deno.stat(path)).isFile) return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
  const url = new URL("file:///");
  url.pathname = path.split("/").map(encodeURIComponent).join("/");
  return url.href;
}
