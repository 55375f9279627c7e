import { parse } from "@std/yaml";
import type { TestServer } from "./lab.ts";

interface RouteFile {
  readonly http: {
    readonly services: Readonly<Record<string, { readonly loadBalancer: { readonly servers: readonly unknown[] } }>>;
  };
}

/** To how many replicas a service's requests go now, as the route file says. */
export async function routed({ layout }: TestServer, service: string): Promise<number> {
  const table = parse(await Deno.readTextFile(layout.routesFile)) as RouteFile;
  return table.http.services[service]?.loadBalancer.servers.length ?? 0;
}
