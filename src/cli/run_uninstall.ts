import type { ServerContext } from "./init_server.ts";
import { withDoors } from "./run_init.ts";
import type { UninstallCommandRequest } from "./uninstall.ts";
import { uninstallServer } from "./uninstall_server.ts";

/** Carries out `mypaas uninstall` on this machine. */
export async function runUninstall(request: UninstallCommandRequest, context: ServerContext): Promise<void> {
  await withDoors(context.root, (doors) => uninstallServer(request, context, doors));
}
