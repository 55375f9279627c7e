import { assertEquals } from "@std/assert";
import { acmeConfig, acmeFileName, challengePort } from "../../src/setup/acme.ts";
import { SETTINGS } from "./settings_example.ts";

Deno.test("acmeConfig() takes Let's Encrypt unless told otherwise, with paths as Traefik has them", () => {
  assertEquals(acmeConfig({ ...SETTINGS, email: "ann@example.org" }), {
    directory: "https://acme-v02.api.letsencrypt.org/directory",
    email: "ann@example.org",
    storage: "/etc/traefik/acme/acme.json",
    caFile: undefined,
    certificateHours: 2160,
  });
  const own = acmeConfig({ ...SETTINGS, acme: "https://ca.test/dir", acmeCa: "/root/ca.pem", certificateHours: 24 });
  assertEquals([own.directory, own.caFile, own.certificateHours], [
    "https://ca.test/dir",
    "/etc/traefik/acme-ca.pem",
    24,
  ]);
});

Deno.test("acmeFileName() keeps the certificates of each authority apart", () => {
  const names = ["production", "staging", "https://10.0.0.1:14000/dir", "https://ca.test/acme/acme/directory"]
    .map((acme) => acmeFileName({ acme }));
  assertEquals(names, [
    "acme.json",
    "acme-staging.json",
    "acme-10.0.0.1-14000-dir.json",
    "acme-ca.test-acme-acme-directory.json",
  ]);
  assertEquals(acmeFileName({ acme: `https://ca.test/${"../".repeat(300)}` }), "acme-ca.test.json");
});

Deno.test("challengePort() is 80 for Let's Encrypt, whatever port Traefik has here", () => {
  const ports = ["production", "staging", "https://ca.test/dir"].map((acme) => challengePort({ acme, httpPort: 8480 }));
  assertEquals(ports, [80, 80, 8480]);
});
