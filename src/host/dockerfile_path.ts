import { UsageError } from "../error.ts";

/**
 * Finds the Dockerfile that a command was given: a file, or a folder that has one. The folder is the build context.
 *
 * @param path absolute
 * @returns the context folder, and the Dockerfile's path inside it
 */
export async function findDockerfile(path: string): Promise<{ readonly folder: string; readonly dockerfile: string }> {
  const info = await statOf(path);
  if (info?.isDirectory === true) {
    if ((await statOf(`${path}/Dockerfile`))?.isFile === true) return { folder: path, dockerfile: "Dockerfile" };
    throw new UsageError(`Cannot deploy "${path}": the folder has no Dockerfile`);
  }
  if (info?.isFile !== true) {
    throw new UsageError(`Cannot deploy "${path}": there is no such file`, {
      hint: "Run this in the folder that has the Dockerfile, or give its path.",
    });
  }
  const cut = path.lastIndexOf("/");
  return { folder: path.slice(0, cut) || "/", dockerfile: path.slice(cut + 1) };
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}
