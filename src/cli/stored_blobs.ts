import type { BlobSource } from "../archive/blobs.ts";
import type { Quotas } from "../archive/quotas.ts";
import { blobFolder } from "../host/blob_store.ts";
import { collectBlobs } from "../host/collect_blobs.ts";
import { diskSpace } from "../host/disk_space.ts";
import { sha256 } from "../host/hash.ts";
import { zstdDecompress } from "../host/zstd.ts";
import { SpoolRoom, type SpoolRoomParts } from "../receiver/spool_room.ts";
import { UPLOAD_LIMITS, type UploadHandler, uploadHandler } from "../receiver/upload_handler.ts";

/** A folder of blobs with the handler that fills it: the receiver's spool, or what came over the daemon's socket. */
export function storedBlobs(
  folder: string,
  { quotas, ...room }: Pick<SpoolRoomParts, "spoolBytes" | "kept" | "log"> & { readonly quotas: Quotas },
): { readonly blobs: BlobSource; readonly uploads: UploadHandler } {
  const store = blobFolder(folder);
  const disk = {
    space: () => diskSpace(folder),
    collect: (options: Parameters<typeof collectBlobs>[1]) => collectBlobs(folder, options),
  };
  const parts = {
    store,
    room: new SpoolRoom({ ...room, disk, now: () => Date.now() }),
    quotas,
    digest: sha256,
    decompress: zstdDecompress,
    limits: UPLOAD_LIMITS,
  };
  return { blobs: store, uploads: uploadHandler(parts) };
}
