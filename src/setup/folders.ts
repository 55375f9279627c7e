import type { ServerLayout } from "./layout.ts";
import type { Folder } from "./server_files.ts";
import { RECEIVER_USER } from "./settings.ts";

/** Every folder of a server, parents first. The state is closed to all but root; the spool is the receiver's. */
export function serverFolders(layout: ServerLayout, volumes: string): readonly Folder[] {
  const root = { uid: 0, gid: 0, ours: true };
  return [
    { ...root, path: layout.etc, mode: 0o755 },
    { ...root, path: layout.lib, mode: 0o700 },
    { ...root, path: layout.blobs, mode: 0o700 },
    { path: layout.spool, mode: 0o700, uid: RECEIVER_USER, gid: RECEIVER_USER, ours: true },
    { ...root, path: layout.traefik, mode: 0o755 },
    { ...root, path: layout.redirectPlugin, mode: 0o755 },
    { ...root, path: layout.routes, mode: 0o755 },
    { ...root, path: layout.acme, mode: 0o700 },
    { ...root, path: layout.certificates, mode: 0o700 },
    ...runFolders(layout),
    { ...root, path: volumes, mode: 0o755, ours: false },
  ];
}

/** The folders of sockets. `/run` is empty after a boot, so the daemon makes them again when it starts. */
export function runFolders(layout: Pick<ServerLayout, "run" | "gate">): readonly Folder[] {
  return [
    { path: layout.run, mode: 0o755, uid: 0, gid: 0, ours: true },
    { path: layout.gate, mode: 0o750, uid: 0, gid: RECEIVER_USER, ours: true },
  ];
}
