import { assertEquals, assertThrows } from "@std/assert";
import { type AcmeConfig, renderStaticConfig } from "../../src/traefik/static_config.ts";

const ACME: AcmeConfig = {
  directory: "https://ca.test/directory",
  email: "ann@example.org",
  storage: "/etc/traefik/acme/acme.json",
  caFile: "/etc/traefik/acme-ca.pem",
  certificateHours: 24,
};
const OPTIONS = { adminAddress: "10.9.0.2", adminPort: 8080, routesFolder: "/etc/traefik/routes", acme: ACME };

Deno.test("renderStaticConfig() gives Traefik two public entry points, and one for its API on the admin network", () => {
  assertEquals(
    renderStaticConfig(OPTIONS),
    `global:
  checkNewVersion: false
  sendAnonymousUsage: false
log:
  level: INFO
entryPoints:
  web:
    address: ':80'
    http:
      aliasHeadersStrategy: delete
    transport:
      respondingTimeouts:
        readTimeout: 0
      lifeCycle:
        graceTimeOut: 5s
  websecure:
    address: ':443'
    http:
      aliasHeadersStrategy: delete
    transport:
      respondingTimeouts:
        readTimeout: 0
      lifeCycle:
        graceTimeOut: 5s
  admin:
    address: '10.9.0.2:8080'
    http:
      aliasHeadersStrategy: delete
providers:
  providersThrottleDuration: 100ms
  file:
    directory: /etc/traefik/routes
    watch: true
certificatesResolvers:
  mypaas:
    acme:
      caServer: 'https://ca.test/directory'
      email: ann@example.org
      caCertificates:
        - /etc/traefik/acme-ca.pem
      storage: /etc/traefik/acme/acme.json
      keyType: EC256
      certificatesDuration: 24
      httpChallenge:
        entryPoint: web
experimental:
  localPlugins:
    mypaas-redirect:
      moduleName: mypaas/redirect
api:
  dashboard: false
metrics:
  prometheus:
    manualRouting: true
    buckets:
      - 1
    addEntryPointsLabels: false
    addRoutersLabels: true
    addServicesLabels: false
`,
  );
});

Deno.test("renderStaticConfig() throws for an admin address that would open the API to all networks", () => {
  assertThrows(() => renderStaticConfig({ ...OPTIONS, adminAddress: "" }), Error);
});
