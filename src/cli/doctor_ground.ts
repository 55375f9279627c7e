import type { StateFacts } from "../doctor/state.ts";
import type { EngineMachine } from "../docker/engine_machine.ts";
import type { ObjectNames } from "../service/names.ts";
import type { ServerLayout } from "../setup/layout.ts";
import type { PartState } from "../setup/machine.ts";
import type { ServerSettings } from "../setup/settings.ts";

/** What the checks of a server share; facts that more than one needs are gathered once. */
export interface ServerGround {
  readonly layout: ServerLayout;
  readonly settings: ServerSettings;
  readonly names: ObjectNames;
  /** How `mypaas` is called on this server. */
  readonly command: string;
  /** What starts the daemon again. */
  readonly restart: string;
  readonly version: string;
  readonly machine: EngineMachine;
  readonly traefik: () => Promise<PartState | undefined>;
  /** @throws {MyPaasError} when it is damaged, which is told by a check of its own */
  readonly state: () => StateFacts;
}
