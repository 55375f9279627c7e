import type { Role } from "../wire/role.ts";

/** Who asks, once that is known. */
export type Actor =
  /** Over daemon.sock: root of the machine, by file mode. Over ssh by the name that was logged in with. */
  | { readonly kind: "local"; readonly name: "root@local" | `${string}@ssh` }
  | {
    readonly kind: "key";
    /** First 16 hex digits of the SHA-256 of the public key. */
    readonly id: string;
    readonly name: string;
    readonly role: Role;
    readonly scope: readonly string[];
  };

/** How the log and the audit name who asked. */
export function actorName(actor: Actor): string {
  return actor.kind === "local" ? actor.name : `${actor.name} (${actor.id})`;
}
