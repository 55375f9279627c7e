import { assertEquals } from "@std/assert";
import { mayBeAsked, routedProof } from "../../src/doctor/name_proof.ts";

const ROUTES = `http:
  routers:
    "mypaas-proof": {"rule":"Path(\`/.well-known/mypaas/0a1b\`)","entryPoints":["web"],"service":"noop@internal","middlewares":["mypaas-proof"]}
  middlewares:
    "mypaas-proof": {"headers":{"customResponseHeaders":{"mypaas-proof":"c2d3"}}}
`;

Deno.test("routedProof() reads the path and the header that only this server answers", () => {
  assertEquals(routedProof(ROUTES), { path: "/.well-known/mypaas/0a1b", header: "mypaas-proof", token: "c2d3" });
});

Deno.test("routedProof() finds none in other routes, nor in what is no table", () => {
  for (const text of ["", "http: {", "http:\n  routers: {}\n", ROUTES.replace("/.well", "http://192.0.2.1/.well")]) {
    assertEquals(routedProof(text), undefined);
  }
});

Deno.test("mayBeAsked() takes addresses of the internet, and none inside of a network", () => {
  for (const address of ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1"]) {
    assertEquals(mayBeAsked(address), true, address);
  }
  for (
    const address of [
      "10.0.0.1",
      "127.0.0.1",
      "169.254.169.254",
      "172.31.0.1",
      "192.168.1.1",
      "100.64.0.1",
      "::1",
      "fd00::1",
    ]
  ) {
    assertEquals(mayBeAsked(address), false, address);
  }
});
