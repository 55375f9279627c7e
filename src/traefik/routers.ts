import type { Site } from "../service/spec.ts";
import type { Route } from "./route.ts";
import { Priority, routeName, siteRule } from "./rule.ts";

/** How long a browser goes by https only, after it was told so: a year. */
const HSTS_SECONDS = 31_536_000;

/** The middleware that sends http to https. */
export const REDIRECT_MIDDLEWARE = "mypaas-https";
/** The middleware that tells browsers to use https only. */
export const HSTS_MIDDLEWARE = "mypaas-hsts";
export const HSTS_HEADERS = { stsSeconds: HSTS_SECONDS } as const;

/** A router of a service in Traefik, for the route file and the labels alike. */
export interface ServiceRouter {
  readonly name: string;
  readonly rule: string;
  readonly entryPoint: "web" | "websecure";
  readonly priority: number;
  /** A service of Traefik: the route's own, or none for a redirect. */
  readonly service: string;
  readonly middlewares: readonly string[];
  readonly tls: boolean;
}

/**
 * The routers of a service: one for all sites of the same path and scheme, and one more for each that redirects to https.
 * A longer path comes first, whosever it is.
 *
 * @param hold the middleware that lets requests wait, if there is one
 */
export function serviceRouters(route: Route, hold: string | undefined): readonly ServiceRouter[] {
  const service = routeName(route);
  return groupsOf(route.sites).flatMap(([first, ...more], index): readonly ServiceRouter[] => {
    // No service has such a name: none has an underscore in it, and none begins with `mypaas`.
    const name = index === 0 ? service : `${service}_${index + 1}`;
    const domains = [first, ...more].map(({ domain }) => domain);
    const priority = Priority.service * first.path.length;
    const common = { rule: siteRule(domains, first.path), priority };
    const waiting = hold === undefined ? [] : [hold];
    if (!first.https) return [{ ...common, name, entryPoint: "web", service, middlewares: waiting, tls: false }];
    const redirected = domains.filter((domain) => !servesPlainly(route, { domain, path: first.path }));
    return [
      {
        ...common,
        name,
        entryPoint: "websecure",
        service,
        middlewares: route.hsts ? [HSTS_MIDDLEWARE, ...waiting] : waiting,
        tls: true,
      },
      ...(redirected.length === 0 ? [] : [
        {
          rule: siteRule(redirected, first.path),
          priority,
          name: `mypaas-redirect-${name}`,
          entryPoint: "web",
          service: "noop@internal",
          middlewares: [REDIRECT_MIDDLEWARE],
          tls: false,
        } as const,
      ]),
    ];
  });
}

/** While a release with https and one without take turns, a site has both; a redirect, which browsers keep, would be too early. */
function servesPlainly({ sites }: Route, site: Pick<Site, "domain" | "path">): boolean {
  return sites.some(({ domain, path, https }) => domain === site.domain && path === site.path && !https);
}

/** Sites of the same path and scheme, in the order in which the first of each comes. */
function groupsOf(sites: readonly Site[]): readonly (readonly [Site, ...Site[]])[] {
  const groups = new Map<string, [Site, ...Site[]]>();
  for (const site of sites) {
    const key = `${site.https} ${site.path}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [site]);
    else group.push(site);
  }
  if (groups.size === 0) throw new Error("A route needs a site");
  return [...groups.values()];
}
