import { assertEquals } from "@std/assert";
import { renderLabels } from "../../src/traefik/labels.ts";
import type { Site } from "../../src/service/spec.ts";
import type { Route } from "../../src/traefik/route.ts";

function site(domain: string, path = "/", https = false): Site {
  return { domain, path, https };
}

const ROUTE: Route = {
  service: "blog",
  sites: [site("a.example"), site("b.example")],
  hsts: false,
  port: 8080,
  addresses: ["172.31.0.11"],
  holdSeconds: 15,
};

const PLAIN = {
  "traefik.enable": "true",
  "traefik.http.routers.blog.rule": "Host(`a.example`) || Host(`b.example`)",
  "traefik.http.routers.blog.entrypoints": "web",
  "traefik.http.routers.blog.priority": "1000",
  "traefik.http.routers.blog.service": "blog",
  "traefik.http.services.blog.loadbalancer.server.port": "8080",
};
const HOLD = {
  "traefik.http.routers.blog.middlewares": "blog-hold",
  "traefik.http.middlewares.blog-hold.retry.attempts": "75",
  "traefik.http.middlewares.blog-hold.retry.initialinterval": "200ms",
  "traefik.http.middlewares.blog-hold.retry.timeout": "15000ms",
};

/** Route in, labels out. */
const LABELS: readonly (readonly [claim: string, labels: Record<string, string>, expected: Record<string, string>])[] =
  [
    ["describe the site of a lone replica", renderLabels(ROUTE), { ...PLAIN, ...HOLD }],
    ["balance several replicas", renderLabels({ ...ROUTE, addresses: ["172.31.0.11", "172.31.0.12"] }), {
      ...PLAIN,
      ...HOLD,
      "traefik.http.services.blog.loadbalancer.strategy": "p2c",
    }],
    ["leave the hold out when there is none", renderLabels({ ...ROUTE, holdSeconds: 0 }), PLAIN],
    ["name the network when it is given", renderLabels({ ...ROUTE, holdSeconds: 0 }, { network: "mypaas-ingress" }), {
      ...PLAIN,
      "traefik.docker.network": "mypaas-ingress",
    }],
    [
      "redirect to https",
      renderLabels({
        ...ROUTE,
        sites: [site("a.example", "/", true), site("b.example", "/", true)],
        holdSeconds: 0,
      }),
      {
        ...PLAIN,
        "traefik.http.routers.blog.entrypoints": "websecure",
        "traefik.http.routers.blog.tls": "true",
        "traefik.http.routers.mypaas-redirect-blog.rule": "Host(`a.example`) || Host(`b.example`)",
        "traefik.http.routers.mypaas-redirect-blog.entrypoints": "web",
        "traefik.http.routers.mypaas-redirect-blog.priority": "1000",
        "traefik.http.routers.mypaas-redirect-blog.service": "noop@internal",
        "traefik.http.routers.mypaas-redirect-blog.middlewares": "mypaas-https",
        "traefik.http.middlewares.mypaas-https.redirectscheme.scheme": "https",
        "traefik.http.middlewares.mypaas-https.redirectscheme.permanent": "true",
      },
    ],
    [
      "have a router for each path and scheme",
      renderLabels({
        ...ROUTE,
        sites: [site("a.example"), site("b.example", "/x"), site("c.example", "/x", true)],
        hsts: true,
      }),
      {
        ...PLAIN,
        ...HOLD,
        "traefik.http.routers.blog.rule": "Host(`a.example`)",
        "traefik.http.routers.blog_2.rule": "Host(`b.example`) && (Path(`/x`) || PathPrefix(`/x/`))",
        "traefik.http.routers.blog_2.entrypoints": "web",
        "traefik.http.routers.blog_2.priority": "2000",
        "traefik.http.routers.blog_2.service": "blog",
        "traefik.http.routers.blog_2.middlewares": "blog-hold",
        "traefik.http.routers.blog_3.rule": "Host(`c.example`) && (Path(`/x`) || PathPrefix(`/x/`))",
        "traefik.http.routers.blog_3.entrypoints": "websecure",
        "traefik.http.routers.blog_3.priority": "2000",
        "traefik.http.routers.blog_3.service": "blog",
        "traefik.http.routers.blog_3.tls": "true",
        "traefik.http.routers.blog_3.middlewares": "mypaas-hsts,blog-hold",
        "traefik.http.routers.mypaas-redirect-blog_3.rule": "Host(`c.example`) && (Path(`/x`) || PathPrefix(`/x/`))",
        "traefik.http.routers.mypaas-redirect-blog_3.entrypoints": "web",
        "traefik.http.routers.mypaas-redirect-blog_3.priority": "2000",
        "traefik.http.routers.mypaas-redirect-blog_3.service": "noop@internal",
        "traefik.http.routers.mypaas-redirect-blog_3.middlewares": "mypaas-https",
        "traefik.http.middlewares.mypaas-https.redirectscheme.scheme": "https",
        "traefik.http.middlewares.mypaas-https.redirectscheme.permanent": "true",
        "traefik.http.middlewares.mypaas-hsts.headers.stsseconds": "31536000",
      },
    ],
  ];

for (const [claim, labels, expected] of LABELS) {
  Deno.test(`renderLabels() ${claim}`, () => assertEquals(labels, expected));
}
