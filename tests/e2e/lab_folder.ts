import { UNDER_UNIT } from "./harness_daemon.ts";

/** What a sweep needs to take a killed run's server away: `owner.json` beside the root. */
export interface Owner {
  /** Process of the test run. */
  readonly pid: number;
  /** The daemon that the harness runs, 0 when init's supervisor does. */
  readonly daemonPid: number;
}

/** Every server's folder begins with this. It is short, because socket paths end at 107 bytes. A unit has a /tmp of its own. */
export const LAB_PREFIX = UNDER_UNIT ? "/srv/mp-" : "/tmp/mp-";

/** A new folder of a server, which a sweep finds. */
export async function labFolder(name = ""): Promise<string> {
  const [dir, prefix] = [LAB_PREFIX.slice(0, 4), LAB_PREFIX.slice(5)];
  return await Deno.makeTempDir({ dir, prefix: `${prefix}${name}` });
}
