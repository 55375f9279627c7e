import { statfsSync } from "node:fs";

/** How full a disk is, in bytes. */
export interface DiskSpace {
  readonly free: number;
  /** What uploads and builds leave free for all else: a twentieth of the disk, a gigabyte at most. */
  readonly reserve: number;
}

const RESERVE_SHARE = 1 / 20;
const MOST_RESERVE_BYTES = 2 ** 30;

/** Looks at the disk that a file or folder is on. */
export function diskSpace(path: string): DiskSpace {
  // `bfree` has what only root may take.
  const { bavail, blocks, bsize } = statfsSync(path);
  return { free: bavail * bsize, reserve: Math.min(blocks * bsize * RESERVE_SHARE, MOST_RESERVE_BYTES) };
}

/**
 * Looks at the disk of Docker's images.
 *
 * @param folder as the Engine names it. A daemon in a container does not see it, but its own root lies on the same disk
 */
export function dockerSpace(folder: string): DiskSpace {
  try {
    return diskSpace(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return diskSpace("/");
    throw error;
  }
}
