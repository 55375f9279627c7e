import type { Release, ReleaseStore } from "../deploy/store.ts";
import { MyPaasError, UsageError } from "../error.ts";
import { publishedName, type PublishedPort, type ServiceSpec, type Site } from "../service/spec.ts";

export interface ClaimParts {
  readonly store: Pick<ReleaseStore, "allLive" | "pending">;
  /** Domains that belong to the server itself. */
  readonly reservedDomains: readonly string[];
  /** TCP ports that the server itself listens on. */
  readonly reservedPorts: readonly number[];
}

/**
 * Refuses a spec that takes what another service or the server itself has: a domain (or the same path of it), or a
 * published port. It looks at the state at this moment, so nothing may be awaited between it and the new release.
 *
 * @param mayAct whether who asks may act on another service: only then a path of that service's domain is taken. Undefined:
 * on all, the server too: only then a port of it is published. A path or a port that the live release has it keeps
 * @throws {MyPaasError} naming who has it
 */
export function checkClaims(
  { store, reservedDomains, reservedPorts }: ClaimParts,
  spec: ServiceSpec,
  mayAct?: (service: string) => boolean,
): void {
  const live = store.allLive();
  const { sites: own = [], publish: ownPorts = [] } = live.find(({ service }) => service === spec.name)?.spec ?? {};
  const others = [...live, ...store.pending()].filter(({ service }) => service !== spec.name);
  for (const site of spec.sites) {
    const domain = site.path === "/" ? site.domain : site.domain + site.path;
    const cannot = `Cannot use the domain "${domain}" for "${spec.name}"`;
    if (reservedDomains.includes(site.domain)) throw new UsageError(`${cannot}: it is the server's own`);
    const owner = ownerOf(others, ({ sites }) => sites.some((other) => isSameSite(site, other)));
    if (owner !== undefined) {
      throw new MyPaasError(`${cannot}: it belongs to "${owner}"`, {
        hint: `Choose another domain, or take it out of the Dockerfile of "${owner}" and deploy that first.`,
      });
    }
    const foreign = others.filter(({ service }) => mayAct?.(service) === false);
    const host = ownerOf(foreign, ({ sites }) => sites.some((other) => other.domain === site.domain));
    if (host !== undefined && !own.some((other) => isSameSite(site, other))) {
      throw new MyPaasError(`${cannot}: "${host}" has that domain, and your key is not for "${host}"`, {
        hint: "Choose another domain, or have somebody deploy it whose key is for both.",
      });
    }
  }
  for (const port of spec.publish) {
    const cannot = `Cannot publish port ${publishedName(port)} for "${spec.name}"`;
    if (port.protocol === "tcp" && reservedPorts.includes(port.hostPort)) {
      throw new UsageError(`${cannot}: it is the server's own, for http and https`, {
        hint: "A website takes # mypaas.domain instead, and needs no port of its own.",
      });
    }
    const owner = ownerOf(others, ({ publish }) => publish.some((other) => isSamePort(port, other)));
    if (owner !== undefined) {
      throw new MyPaasError(`${cannot}: "${owner}" has it`, {
        hint: `Choose another port, or take it out of the Dockerfile of "${owner}" and deploy that first.`,
      });
    }
    if (mayAct !== undefined && !ownPorts.some((other) => isSamePort(port, other))) {
      throw new MyPaasError(`${cannot}: your key is not for all services, and a port is the server's`, {
        hint: "Have somebody deploy it once whose key is for all: what the live release publishes it keeps.",
      });
    }
  }
}

function ownerOf(releases: readonly Release[], has: (spec: ServiceSpec) => boolean): string | undefined {
  return releases.find(({ spec }) => has(spec))?.service;
}

function isSameSite(a: Site, b: Site): boolean {
  return a.domain === b.domain && a.path === b.path;
}

function isSamePort(a: PublishedPort, b: PublishedPort): boolean {
  return a.hostPort === b.hostPort && a.protocol === b.protocol;
}
