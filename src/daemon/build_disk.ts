import { binarySize } from "../archive/quotas.ts";
import { MyPaasError } from "../error.ts";

/** How full the disk is that images are built on. */
export type BuildSpace = () => Promise<{
  /** Bytes. */
  readonly free: number;
  /** What builds leave free for all else. */
  readonly reserve: number;
}>;

/** While a context is sent to the builder, the disk is looked at once in so many bytes. */
const LOOK_EVERY_BYTES = 32 << 20;

/**
 * Refuses a build for which there is no space.
 *
 * @param bytes what the builder is going to store
 * @param cannot begins the sentence, such as `Cannot deploy "blog"`
 */
export async function checkBuildDisk(space: BuildSpace, bytes: number, cannot: string): Promise<void> {
  const { free, reserve } = await space();
  if (free - reserve >= bytes) return;
  throw new MyPaasError(`${cannot}: the disk is full`, {
    hint: `Free some space on the server: docker system df. ${binarySize(free)} are free, ${
      binarySize(reserve)
    } of them are not given to builds, and this one needs ${binarySize(bytes)} at least.`,
  });
}

/** Reads chunks for a build, which ends when the disk gets full meanwhile: what runs needs what is left. */
export function whileDiskLasts<T extends { readonly size: number }>(
  read: (chunk: T) => Promise<Uint8Array>,
  space: BuildSpace,
  cannot: string,
): (chunk: T) => Promise<Uint8Array> {
  let bytes = 0;
  return async (chunk) => {
    bytes += chunk.size;
    if (bytes >= LOOK_EVERY_BYTES) {
      bytes = 0;
      await checkBuildDisk(space, 0, cannot);
    }
    return await read(chunk);
  };
}
