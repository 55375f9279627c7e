import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parse } from "@std/yaml";
import { readBackRouter, renderRouteFile, type RouteFileExtras } from "../../src/traefik/route_file.ts";
import type { Route } from "../../src/traefik/route.ts";

const EXTRAS: RouteFileExtras = { generation: 7, apiUser: "mypaas:$apr1$ab$c/d." };

function sites(https: boolean, ...domains: string[]): Route["sites"] {
  return domains.map((domain) => ({ domain, path: "/", https }));
}

function route(differences: Partial<Route> = {}): Route {
  return {
    service: "blog",
    sites: sites(false, "blog.example"),
    hsts: false,
    port: 80,
    addresses: ["172.31.0.11"],
    holdSeconds: 15,
    ...differences,
  };
}

/** What stands in every table. */
const OWN = `http:
  routers:
    "mypaas-generation": {"rule":"Host(\`generation-7.invalid\`)","entryPoints":["admin"],"priority":1000000,"service":"noop@internal"}
    "mypaas-api": {"rule":"PathPrefix(\`/api\`)","entryPoints":["admin"],"priority":1000000,"service":"api@internal","middlewares":["mypaas-api-login"]}
    "mypaas-metrics": {"rule":"Path(\`/metrics\`)","entryPoints":["admin"],"priority":1000000,"service":"prometheus@internal","middlewares":["mypaas-api-login"]}
`;
const LOGIN = `  middlewares:
    "mypaas-api-login": {"basicAuth":{"users":["mypaas:$apr1$ab$c/d."],"removeHeader":true}}
`;
const HOLD = `    "blog-hold": {"retry":{"attempts":75,"initialInterval":"200ms","timeout":"15000ms"}}
`;
const LONE = `  services:
    "blog": {"loadBalancer":{"serversTransport":"one","servers":[{"url":"http://172.31.0.11:80"}]}}
  serversTransports:
    "one": {"forwardingTimeouts":{"dialTimeout":"3s","idleConnTimeout":"1s"}}
`;

/** Routes in, the whole file out. Each was loaded once by Traefik 3.7.15. */
const FILES: readonly (readonly [claim: string, routes: readonly Route[], file: string])[] = [
  ["is valid without a service, and has no empty map", [], OWN + LOGIN],
  [
    "lets requests wait for a lone server",
    [route()],
    `${OWN}    "blog": {"rule":"Host(\`blog.example\`)","priority":1000,"service":"blog","middlewares":["blog-hold"],"entryPoints":["web"]}
${LOGIN}${HOLD}${LONE}`,
  ],
  [
    "chooses the better of two among several servers, and gives a dead one up quickly",
    [route({ sites: sites(false, "a.example", "b.example"), addresses: ["172.31.0.11", "172.31.0.12"], port: 8080 })],
    `${OWN}    "blog": {"rule":"Host(\`a.example\`) || Host(\`b.example\`)","priority":1000,"service":"blog","middlewares":["blog-hold"],"entryPoints":["web"]}
${LOGIN}${HOLD}  services:
    "blog": {"loadBalancer":{"strategy":"p2c","serversTransport":"many","servers":[{"url":"http://172.31.0.11:8080"},{"url":"http://172.31.0.12:8080"}]}}
  serversTransports:
    "many": {"forwardingTimeouts":{"dialTimeout":"500ms","idleConnTimeout":"1s"}}
`,
  ],
  [
    "answers 503 at once for a service without an address",
    [route({ addresses: [] })],
    `${OWN}    "blog": {"rule":"Host(\`blog.example\`)","priority":1000,"service":"blog","entryPoints":["web"]}
${LOGIN}  services:
    "blog": {"loadBalancer":{"servers":[]}}
`,
  ],
  [
    "redirects to https",
    [route({ sites: sites(true, "blog.example"), holdSeconds: 0 })],
    `${OWN}    "blog": {"rule":"Host(\`blog.example\`)","priority":1000,"service":"blog","entryPoints":["websecure"],"tls":{}}
    "mypaas-redirect-blog": {"rule":"Host(\`blog.example\`)","priority":1000,"service":"noop@internal","middlewares":["mypaas-https"],"entryPoints":["web"]}
${LOGIN}    "mypaas-https": {"plugin":{"mypaas-redirect":{"port":"443"}}}
${LONE}`,
  ],
];

for (const [claim, routes, file] of FILES) {
  Deno.test(`renderRouteFile() ${claim}`, () => assertEquals(renderRouteFile(routes, EXTRAS), file));
}

Deno.test("renderRouteFile() leads /v1/ of the server's own hosts to the receiver, on the plain entry point only when told", () => {
  const receiver = { hosts: ["1.2.3.4", "paas.example"], address: "10.0.0.3", port: 8080, plainHttp: false };
  const defaultCertificate = { certFile: "/etc/traefik/c/a.pem", keyFile: "/etc/traefik/c/a.key" };
  const router = {
    rule: "(Host(`1.2.3.4`) || Host(`paas.example`)) && PathPrefix(`/v1/`)",
    priority: 1000000,
    service: "mypaas-receiver",
    middlewares: ["mypaas-receiver-rate", "mypaas-receiver-hold"],
  };
  const table = (plainHttp: boolean) =>
    parse(renderRouteFile([], { ...EXTRAS, defaultCertificate, receiver: { ...receiver, plainHttp } })) as {
      readonly http: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
      readonly tls: unknown;
    };
  const { http, tls } = table(false);
  assertEquals(http["routers"]?.["mypaas-receiver"], { ...router, entryPoints: ["websecure"], tls: {} });
  assertEquals(http["routers"]?.["mypaas-receiver-plain"], undefined);
  assertEquals(table(true).http["routers"]?.["mypaas-receiver-plain"], { ...router, entryPoints: ["web"] });
  assertEquals(http["middlewares"]?.["mypaas-receiver-rate"], { rateLimit: { average: 25, burst: 500, period: "1s" } });
  assertEquals(http["middlewares"]?.["mypaas-receiver-hold"], {
    retry: { attempts: 25, initialInterval: "200ms", timeout: "5000ms" },
  });
  assertEquals(http["services"]?.["mypaas-receiver"], {
    loadBalancer: { serversTransport: "one", servers: [{ url: "http://10.0.0.3:8080" }] },
  });
  assertEquals(tls, { stores: { default: { defaultCertificate } } });
});

Deno.test("renderRouteFile() lets held requests wait for the release that may come back as well, on its own port", () => {
  const returning = { address: "172.31.0.12", port: 3000 };
  const { http } = parse(renderRouteFile([route({ returning })], EXTRAS)) as {
    readonly http: { readonly services: Readonly<Record<string, { readonly loadBalancer: unknown }>> };
  };
  assertEquals(http.services["blog"]?.loadBalancer, {
    strategy: "p2c",
    serversTransport: "many",
    servers: [{ url: "http://172.31.0.11:80" }, { url: "http://172.31.0.12:3000" }],
  });
});

Deno.test("renderRouteFile() redirects no site to https that is served without it too", () => {
  const both = [...sites(true, "both.example", "safe.example"), ...sites(false, "both.example")];
  const text = renderRouteFile([route({ sites: both })], EXTRAS);
  const { http } = parse(text) as {
    readonly http: { readonly routers: Readonly<Record<string, { readonly rule: string }>> };
  };
  assertEquals(http.routers["mypaas-redirect-blog"]?.rule, "Host(`safe.example`)");
  assertEquals(http.routers["blog"]?.rule, "Host(`both.example`) || Host(`safe.example`)");
  assertEquals(http.routers["blog_2"]?.rule, "Host(`both.example`)");
  const only = [...sites(true, "both.example"), ...sites(false, "both.example")];
  assertEquals(renderRouteFile([route({ sites: only })], EXTRAS).includes("redirect"), false);
});

Deno.test("renderRouteFile() gives the same text whatever the order of the routes", () => {
  const [a, b] = [
    route({ service: "a", sites: sites(false, "a.a") }),
    route({ service: "b", sites: sites(false, "b.b") }),
  ];
  assertEquals(renderRouteFile([a, b], EXTRAS), renderRouteFile([b, a], EXTRAS));
});

Deno.test("renderRouteFile() redirects to the port of https when it is another one", () => {
  const file = renderRouteFile([route({ sites: sites(true, "blog.example") })], { ...EXTRAS, httpsPort: 8443 });
  assertStringIncludes(file, '"port":"8443"');
});

Deno.test("readBackRouter() names what the table carries", () => {
  assertEquals(readBackRouter(7), { name: "mypaas-generation@file", rule: "Host(`generation-7.invalid`)" });
});

/** What the parser lets through nowhere, and must not reach Traefik if it ever does. */
const BUGS: readonly (readonly [what: string, routes: readonly Route[], extras?: Partial<RouteFileExtras>])[] = [
  ["a domain that breaks out of a rule", [route({ sites: sites(false, "a.b`) || PathPrefix(`/") })]],
  ["a wildcard", [route({ sites: sites(false, "*.example") })]],
  ["no site", [route({ sites: [] })]],
  ["a path that breaks out of a rule", [route({ sites: [{ domain: "a.b", path: "/`)", https: false }] })]],
  ["a path with a slash at its end", [route({ sites: [{ domain: "a.b", path: "/a/", https: false }] })]],
  ["a service name with a dot", [route({ service: "a.b" })]],
  ["an address that is a name", [route({ addresses: ["db"] })]],
  ["an address beyond 255", [route({ addresses: ["1.2.3.256"] })]],
  ["port 0", [route({ port: 0 })]],
  ["a hold below 0", [route({ holdSeconds: -1 })]],
  ["two routes of one service", [route(), route()]],
  ["a domain to order that is none", [], { ordered: ["a.example", "*"] }],
  ["a proof that ends the rule", [], { proof: { path: "/a`) || Path(`/", token: "b" } }],
  ["a proof of two lines", [], { proof: { path: "/a", token: "b\r\nc" } }],
  ["a template", [], { apiUser: "mypaas:{{env}}" }],
  ["two lines of a password file", [], { apiUser: "a:b\nc:d" }],
  ["a broken generation", [], { generation: 1.5 }],
  ["a certificate path with blanks", [], { defaultCertificate: { certFile: "/a b", keyFile: "/c" } }],
];

for (const [what, routes, extras] of BUGS) {
  Deno.test(`renderRouteFile() throws for ${what}`, () => {
    assertThrows(() => renderRouteFile(routes, { ...EXTRAS, ...extras }), Error);
  });
}

Deno.test("renderRouteFile() names the domains to order in a router of their own, and only there", () => {
  const https = route({ sites: sites(true, "a.example") });
  assertEquals(renderRouteFile([https], EXTRAS).includes("certResolver"), false);
  const { http } = parse(renderRouteFile([https], { ...EXTRAS, ordered: ["b.example", "a.example"] })) as {
    http: { routers: Record<string, { tls?: unknown }> };
  };
  assertEquals(http.routers["mypaas-order"]?.tls, {
    certResolver: "mypaas",
    domains: [{ main: "a.example" }, { main: "b.example" }],
  });
  assertEquals(http.routers["blog"]?.tls, {});
});

Deno.test("renderRouteFile() answers the proof under every name, ahead of redirects", () => {
  const text = renderRouteFile([], { ...EXTRAS, proof: { path: "/.well-known/mypaas/a", token: "b" } });
  assertStringIncludes(
    text,
    '"mypaas-proof": {"rule":"Path(`/.well-known/mypaas/a`)","entryPoints":["web"],"priority":1000000,"service":"noop@internal","middlewares":["mypaas-proof"]}',
  );
  assertStringIncludes(text, '"mypaas-proof": {"headers":{"customResponseHeaders":{"mypaas-proof":"b"}}}');
});
