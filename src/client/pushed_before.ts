/** A server as a project remembers it. */
export interface PushTarget {
  /** The server's id; its address where it has none. */
  readonly id: string;
  /** What it is called here, such as `prod`. */
  readonly name: string;
  readonly url: string;
}

/** A service of a folder. */
export interface PushedProject {
  /** Its path, absolute. */
  readonly folder: string;
  readonly service: string;
}

/** To which servers which projects were pushed from this machine. `src/host` implements it. */
export interface TargetMemory {
  /** The servers that a project was pushed to, the last one first. */
  targets(project: PushedProject): Promise<readonly PushTarget[]>;
  /** Notes a successful push. What cannot be noted is only asked again. */
  remember(project: PushedProject, target: PushTarget): Promise<void>;
}

/**
 * The servers that a project was pushed to before, when this one is another; none when it is the first, or is known: under
 * another name, or set up anew at its address.
 */
export function otherTargets(before: readonly PushTarget[], target: PushTarget): readonly PushTarget[] {
  return before.some(({ id, url }) => id === target.id || url === target.url) ? [] : before;
}

/** Where a service went before: `was pushed to prod (https://shop.example) before`. */
export function pushedBefore(others: readonly PushTarget[]): string {
  const names = others.map(({ name, url }) => name === url ? name : `${name} (${url})`);
  return `was pushed to ${names.join(" and ")} before`;
}
