import { assertEquals, assertStringIncludes } from "@std/assert";
import { type CertificateFacts, checkCertificates } from "../../src/doctor/certificates.ts";
import { checkDns, type DnsFacts, type DomainFacts } from "../../src/doctor/dns.ts";
import { checkPorts, type PortsFacts } from "../../src/doctor/ports.ts";

const PORTS: PortsFacts = {
  ports: [
    { port: 80, flag: "--http-port", owner: "docker-proxy (pid 7)", answers: true },
    { port: 443, flag: "--https-port", owner: "docker-proxy (pid 8)", answers: true },
  ],
  traefik: { name: "mypaas-traefik", running: true, publishedOn: ["0.0.0.0", "::"] },
  openApi: [],
  command: "mypaas",
};

function ports(change: Partial<PortsFacts>): readonly string[] {
  return checkPorts({ ...PORTS, ...change }).map(({ level, message }) => `${level}: ${message}`);
}

Deno.test("checkPorts() is silent while Traefik answers", () => {
  assertEquals(ports({}), []);
});

Deno.test("checkPorts() names who took a port while Traefik does not run, and how to get it back", () => {
  const [finding, ...more] = checkPorts({
    ...PORTS,
    ports: [
      { port: 80, flag: "--http-port", owner: "nginx (pid 812)", answers: true },
      { port: 443, flag: "--https-port", owner: undefined, answers: false },
    ],
    traefik: { ...PORTS.traefik, running: false, publishedOn: [] },
  });
  assertEquals(finding?.message, "Port 80 is taken: nginx (pid 812) listens on it, and Traefik does not run");
  assertStringIncludes(finding?.fix ?? "", "docker start mypaas-traefik");
  assertStringIncludes(finding?.fix ?? "", "mypaas init --http-port");
  assertEquals(more, []);
});

Deno.test("checkPorts() names a port that does not answer, an open API, and ports on one address", () => {
  const [first] = PORTS.ports;
  assertEquals(ports({ ports: first === undefined ? [] : [{ ...first, answers: false }] }), [
    "fault: Port 80 does not answer, although Traefik runs",
  ]);
  assertEquals(ports({ openApi: ["port 80"] }), ["fault: Traefik's API answers on port 80 without a password"]);
  assertEquals(ports({ traefik: { ...PORTS.traefik, publishedOn: ["127.0.0.1"] } }), [
    "warning: Docker publishes ports on 127.0.0.1 only, so the server is not reached by its other addresses",
  ]);
});

const OWN = ["203.0.113.7", "2001:db8::1", "127.0.0.1"];

function dns(change: Partial<DomainFacts>, facts: Partial<DnsFacts> = {}): readonly string[] {
  const domain = { domain: "shop.example", service: "shop", https: true, leadsTo: ["203.0.113.7"], ...change };
  return checkDns({ domains: [domain], own: OWN, servesIpv6: true, ...facts }).map(({ message }) => message);
}

Deno.test("checkDns() is silent about domains that lead here, by either kind of address", () => {
  assertEquals(dns({}), []);
  assertEquals(dns({ leadsTo: ["203.0.113.7", "2001:db8::1"] }), []);
  assertEquals(dns({ leadsTo: ["127.0.0.1", "::1"] }, { servesIpv6: false }), []);
});

Deno.test("checkDns() names a domain that leads nowhere, elsewhere, or to others as well", () => {
  assertEquals(dns({ leadsTo: [] }), ['shop.example, a domain of "shop", leads nowhere: it has no address']);
  assertEquals(dns({ leadsTo: ["192.0.2.1"], service: undefined }), [
    "shop.example, the server's domain, leads to 192.0.2.1, not to this server (203.0.113.7)",
  ]);
  assertEquals(dns({ leadsTo: ["203.0.113.7", "192.0.2.1"] }).length, 1);
});

Deno.test("checkDns() takes addresses that send requests on to this server, as a CDN's, for its own", () => {
  assertEquals(dns({ leadsTo: ["192.0.2.1", "2001:db8::2"], sentOn: ["192.0.2.1", "2001:db8::2"] }), []);
  assertEquals(dns({ leadsTo: ["192.0.2.1"], sentOn: ["192.0.2.1"] }, { servesIpv6: false }), []);
});

Deno.test("checkDns() names IPv6 that leads elsewhere, which breaks certificates, and the record to set or remove", () => {
  const leadsTo = ["203.0.113.7", "2001:db8::bad"];
  assertEquals(dns({ leadsTo }), [
    'shop.example, a domain of "shop", leads visitors with IPv6, and authorities that sign certificates to 2001:db8::bad, not to this server',
  ]);
  const domains = [{ domain: "shop.example", service: "shop", https: true, leadsTo }];
  const fix = (servesIpv6: boolean) => checkDns({ domains, own: OWN, servesIpv6 })[0]?.fix;
  assertEquals(fix(true), "Where its DNS is kept, set: shop.example. AAAA 2001:db8::1");
  assertEquals(fix(false), "Where its DNS is kept, remove the AAAA record of shop.example");
});

Deno.test("checkDns() names IPv6 that leads here, where Docker does not publish on it", () => {
  const [message = ""] = dns({ leadsTo: ["203.0.113.7", "2001:db8::1"], https: false }, { servesIpv6: false });
  assertStringIncludes(message, "leads visitors with IPv6 here, where Docker publishes ports on IPv4 only");
});

const NOW = new Date("2026-11-22T12:00:00Z");

function certificate(change: Partial<CertificateFacts>): readonly string[] {
  const facts: CertificateFacts = {
    name: "shop.example",
    names: ["shop.example"],
    notBefore: new Date("2026-10-01T00:00:00Z"),
    notAfter: new Date("2026-12-30T00:00:00Z"),
    ...change,
  };
  return checkCertificates([facts], { now: NOW, command: "mypaas", traefik: "mypaas-traefik" }).map((
    { message, fix },
  ) => `${message} | ${fix}`);
}

Deno.test("checkCertificates() is silent about one that is good for weeks, or for most of its short life", () => {
  assertEquals(certificate({}), []);
  assertEquals(certificate({ names: ["*.example"] }), []);
  const notBefore = new Date("2026-11-22T09:00:00Z");
  assertEquals(certificate({ notBefore, notAfter: new Date("2026-11-22T15:00:00Z") }), []);
});

Deno.test("checkCertificates() names one that expired, one that was not renewed, and a name without one", () => {
  assertEquals(certificate({ notAfter: new Date("2026-11-20T00:00:00Z") }), [
    "The certificate of shop.example has expired: 2026-11-20 | docker restart mypaas-traefik",
  ]);
  assertEquals(certificate({ notAfter: new Date("2026-12-01T00:00:00Z") }), [
    "The certificate of shop.example expires on 2026-12-01 and was not renewed | docker restart mypaas-traefik",
  ]);
  assertEquals(certificate({ names: ["203.0.113.7"], pending: "it resolves to 192.0.2.1" }), [
    "shop.example has no certificate of its own: it resolves to 192.0.2.1 | Mend that: the server looks again by itself, and mypaas ps tells",
  ]);
  assertEquals(certificate({ names: [] }), [
    "shop.example has no certificate of its own | docker logs --tail 50 mypaas-traefik",
  ]);
  assertEquals(certificate({ notAfter: new Date("2026-11-20T00:00:00Z"), file: "/r.pem" }), [
    "The certificate of shop.example has expired: 2026-11-20 | rm /r.pem && mypaas init (laptops must log in again)",
  ]);
});
