/**
 * The three functions of `Reflect` that `tsyringe` (under `@peculiar/x509`) asks for when it is loaded; import this file
 * before it. They stand for the npm package `reflect-metadata`, of which nothing else is needed.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>();

function getOwnMetadata(key: unknown, target: object): unknown {
  return metadata.get(target)?.get(key);
}

function getMetadata(key: unknown, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    const own = getOwnMetadata(key, at);
    if (own !== undefined) return own;
  }
  return undefined;
}

function defineMetadata(key: unknown, value: unknown, target: object): void {
  const own = metadata.get(target) ?? new Map<unknown, unknown>();
  metadata.set(target, own.set(key, value));
}

Object.assign(Reflect, { getOwnMetadata, getMetadata, defineMetadata });
