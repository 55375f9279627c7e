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
    if ((await statOf(`${path}/Dockerfile`))?.isFile === true) return await inside(path, "Dockerfile");
    throw new UsageError(`Cannot deploy "${path}": the folder has no Dockerfile`);
  }
  if (info?.isFile !== true) {
    throw new UsageError(`Cannot deploy "${path}": there is no such file`, {
      hint: "Run this in the folder that has the Dockerfile, or give its path.",
    });
  }
  const cut = path.lastIndexOf("/");
  return await inside(path.slice(0, cut) || "/", path.slice(cut + 1));
}

/** Follows a Dockerfile that is a link, as Docker's command does: the server builds from the file that it leads to. */
async function inside(folder: string, name: string): Promise<{ readonly folder: string; readonly dockerfile: string }> {
  if (!(await Deno.lstat(`${folder}/${name}`)).isSymlink) return { folder, dockerfile: name };
  const [root, file] = [await Deno.realPath(folder), await Deno.realPath(`${folder}/${name}`)];
  const begin = root === "/" ? root : `${root}/`;
  if (file.startsWith(begin)) return { folder, dockerfile: file.slice(begin.length) };
  throw new UsageError(`Cannot deploy "${folder}/${name}": it is a link to "${file}", which is not in the folder`, {
    hint: "Put the file into the folder, for the folder is what is sent.",
  });
}

async function statOf(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}
