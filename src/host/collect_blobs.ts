import { chunkSpace } from "../archive/blobs.ts";
import type { CollectOptions } from "../receiver/spool_room.ts";

/** What was used within this time stays, in milliseconds: a push that goes on may have been told that it is there. */
const LEAST_AGE_MS = 60 * 60 * 1000;
/** What no release needs goes after this time, however much space there is. */
const MOST_AGE_MS = 7 * 24 * 60 * 60 * 1000;
/** Ages are told apart by the minute. */
const MINUTE_MS = 60_000;
/** How deep below a service's folder it is looked: `ab/abcd...` */
const DEPTH = 2;

/**
 * Removes chunks that no release needs from a folder of `blobFolder`: those that nobody used for a week, and of the others
 * the oldest, until what is left fits into a size. Links are not followed, and what vanishes meanwhile is no error.
 *
 * @returns the space that is left taken, as `chunkSpace` counts it
 */
export async function collectBlobs(root: string, options: CollectOptions): Promise<number> {
  let total = 0;
  // The bytes of each age: a list of all files would take the more memory the fuller the disk is.
  const byAge = new Map<number, number>();
  for await (const { minutes, space } of unneeded(root, options, (space) => void (total += space))) {
    byAge.set(minutes, (byAge.get(minutes) ?? 0) + space);
  }
  const { oldest, ofOldest } = cutOf(byAge, total - options.mostBytes(total));
  if (oldest === Infinity) return total;
  let left = ofOldest;
  for await (const file of unneeded(root, options)) {
    if (file.minutes < oldest || (file.minutes === oldest && left <= 0)) continue;
    if (!removeUnused(file.path, options.now)) continue;
    total -= file.space;
    if (file.minutes === oldest) left -= file.space;
  }
  return total;
}

/** A file that no release needs and that nobody used within the last hour. */
interface Unneeded {
  readonly path: string;
  readonly space: number;
  /** Since it was last used. */
  readonly minutes: number;
}

/** @param seen is told the space of every file, needed or not */
async function* unneeded(
  root: string,
  { kept, now }: CollectOptions,
  seen: (space: number) => void = () => {},
): AsyncGenerator<Unneeded> {
  for (const service of await entriesOf(root)) {
    if (!service.isDirectory) continue;
    const names = await kept(service.name);
    for await (const path of filesBelow(`${root}/${service.name}`, DEPTH)) {
      const info = await Deno.lstat(path).catch(ifGone);
      if (info === undefined) continue;
      const space = chunkSpace(info.size);
      seen(space);
      const minutes = minutesSince(info, now);
      const isOld = minutes * MINUTE_MS >= LEAST_AGE_MS;
      if (isOld && !names.has(path.slice(path.lastIndexOf("/") + 1))) yield { path, space, minutes };
    }
  }
}

async function* filesBelow(folder: string, depth: number): AsyncGenerator<string> {
  for (const { name, isDirectory } of await entriesOf(folder)) {
    if (!isDirectory) yield `${folder}/${name}`;
    else if (depth > 1) yield* filesBelow(`${folder}/${name}`, depth - 1);
  }
}

/** What is in a folder, links as such; nothing when it is gone. */
async function entriesOf(folder: string): Promise<readonly Deno.DirEntry[]> {
  return await Array.fromAsync(Deno.readDir(folder)).catch(ifGone) ?? [];
}

/**
 * From which age on files go, so that `excess` bytes do; of those that are just so old only `ofOldest` bytes.
 *
 * @returns an age of Infinity when nothing goes
 */
function cutOf(byAge: ReadonlyMap<number, number>, excess: number) {
  const mostMinutes = MOST_AGE_MS / MINUTE_MS;
  let cut = { oldest: Infinity, ofOldest: 0 };
  for (const [minutes, space] of [...byAge].sort(([a], [b]) => b - a)) {
    if (excess <= 0 && minutes < mostMinutes) break;
    cut = { oldest: minutes, ofOldest: minutes < mostMinutes ? excess : Infinity };
    excess -= space;
  }
  return cut;
}

/** Looks at it again and removes it with nothing in between, so that no question about it comes in between. */
function removeUnused(path: string, now: number): boolean {
  try {
    if (minutesSince(Deno.lstatSync(path), now) * MINUTE_MS < LEAST_AGE_MS) return false;
    Deno.removeSync(path);
    return true;
  } catch (error) {
    ifGone(error);
    return false;
  }
}

/** A clock that was set back makes times of the future: such a file is as old as it is far away. */
function minutesSince({ mtime }: Deno.FileInfo, now: number): number {
  return Math.floor(Math.abs(now - (mtime?.getTime() ?? 0)) / MINUTE_MS);
}

function ifGone(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
