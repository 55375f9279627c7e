import type { InitAction } from "../setup/init_plan.ts";
import { UNIT_NAME } from "../setup/unit.ts";
import { fault, type Finding, warning } from "./finding.ts";

/**
 * Says what `init` would change, as findings: what is missing, stopped, or not as this server's settings want it.
 *
 * @param command how `mypaas` is called on this server
 */
export function checkGround(actions: readonly InitAction[], command: string): readonly Finding[] {
  const init = `${command} init`;
  return actions.flatMap((action): readonly Finding[] => {
    switch (action.kind) {
      case "folder": {
        const { path, mode, uid, gid } = action.folder;
        if (!action.exists) return [fault(`The folder "${path}" is missing`, init)];
        const wanted = `${mode.toString(8).padStart(4, "0")} of ${uid}:${gid}`;
        return [fault(`The folder "${path}" has another mode or owner than ${wanted}`, init)];
      }
      case "file":
        return [fault(`"${action.file.path}" is not as init writes it`, init)];
      case "program":
        return [fault(`The program "${action.path}" is missing`, init)];
      case "certificate":
        return [fault(`The server has no certificate for its address ${action.address}`, init)];
      case "network":
        return [fault(`The network "${action.name}" is missing, or has other addresses than it was made with`, init)];
      case "pull-image":
      case "import-image":
        return [warning(`The image "${action.image}" is missing: its container cannot be made again`, init)];
      case "create-part":
        return [fault(`The container "${action.part.name}" is missing`, init)];
      case "replace-part":
        return [
          fault(
            `The container "${action.part.name}" was not made from this server's settings and program as they are now`,
            init,
          ),
        ];
      case "start-part":
        return [fault(`The container "${action.name}" does not run`, `docker start ${action.name}`)];
      case "remove-part":
        return [fault(`The container "${action.name}" runs beside the daemon that ${UNIT_NAME} runs`, init)];
      case "remove-unit":
        return [fault(`"${action.path}" is there, and another supervisor runs the daemon`, init)];
      case "reload-units":
        return [];
      case "start-unit":
        return [
          fault(`${UNIT_NAME} does not run, or does not start at boot`, `systemctl enable --now ${UNIT_NAME}`),
        ];
      case "restart-unit":
        return [
          fault(
            `The daemon was started with another program or other settings than are there now`,
            `systemctl restart ${UNIT_NAME}`,
          ),
        ];
    }
  });
}
