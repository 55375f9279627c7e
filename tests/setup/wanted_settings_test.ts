import { assertEquals, assertThrows } from "@std/assert";
import { MyPaasError, UsageError } from "../../src/error.ts";
import { serverUrl } from "../../src/setup/settings.ts";
import { type InitFlags, wantedSettings } from "../../src/setup/wanted_settings.ts";
import { SETTINGS } from "./settings_example.ts";

const FRESH = {
  serverId: "11".repeat(16),
  apiPassword: "22".repeat(32),
  address: "192.0.2.9",
  supervisor: "systemd",
  volumes: "/srv/mypaas",
} as const;

function refusal(flags: InitFlags): string {
  return assertThrows(() => wantedSettings(flags, undefined, FRESH), UsageError).message;
}

Deno.test("wantedSettings() of a first init without flags are the defaults", () => {
  assertEquals(wantedSettings({}, undefined, FRESH), {
    serverId: FRESH.serverId,
    address: "192.0.2.9",
    domain: undefined,
    httpPort: 80,
    httpsPort: 443,
    supervisor: "systemd",
    email: undefined,
    acme: "production",
    acmeCa: undefined,
    certificateHours: 2160,
    dns: undefined,
    volumes: "/srv/mypaas",
    traefikImage: "traefik:v3.7.15",
    autoDomain: undefined,
    builder: "buildkit",
    builds: 1,
    buildTimeout: 60,
    buildCgroup: undefined,
    maxContext: 4 * 2 ** 30,
    maxFiles: 100_000,
    spoolSize: 20 * 2 ** 30,
    apiPassword: FRESH.apiPassword,
    networks: {},
  });
});

Deno.test("--auto-domain is kept, goes with the address, and is taken away by an empty text", () => {
  const named = wantedSettings({ autoDomain: "sslip.io" }, SETTINGS, FRESH);
  assertEquals(named, { ...SETTINGS, autoDomain: "sslip.io" });
  assertEquals(wantedSettings({ address: "192.0.2.8" }, named, FRESH).autoDomain, "sslip.io");
  assertEquals(wantedSettings({ autoDomain: "" }, named, FRESH), SETTINGS);
  const byName = { address: "paas.example.org" };
  assertEquals(
    assertThrows(() => wantedSettings(byName, named, FRESH), UsageError).message,
    'Cannot use --auto-domain sslip.io: the server\'s address is "paas.example.org"',
  );
  assertEquals(
    wantedSettings({ ...byName, autoDomain: "apps.example.org" }, named, FRESH).autoDomain,
    "apps.example.org",
  );
  assertEquals(
    refusal({ autoDomain: "no domain" }),
    'Cannot use --auto-domain "no domain": it must be a domain such as paas.example.org',
  );
});

Deno.test("wantedSettings() of another init without flags are those of before, address and id included", () => {
  assertEquals(wantedSettings({}, SETTINGS, FRESH), SETTINGS);
});

Deno.test("a flag changes its own setting and nothing else", () => {
  assertEquals(wantedSettings({ httpPort: "8480" }, SETTINGS, FRESH), { ...SETTINGS, httpPort: 8480 });
  assertEquals(wantedSettings({ supervisor: "none" }, SETTINGS, FRESH), { ...SETTINGS, supervisor: "none" });
  assertEquals(wantedSettings({ builder: "classic" }, SETTINGS, FRESH), { ...SETTINGS, builder: "classic" });
  assertEquals(wantedSettings({ builds: "3" }, SETTINGS, FRESH), { ...SETTINGS, builds: 3 });
  const withDomain = wantedSettings({ domain: "paas.example.org" }, SETTINGS, FRESH);
  assertEquals(withDomain, { ...SETTINGS, domain: "paas.example.org" });
  assertEquals(wantedSettings({ domain: "" }, withDomain, FRESH), SETTINGS);
});

Deno.test("a bad flag is named with what it must be", () => {
  assertEquals(refusal({ httpPort: "abc" }), `Cannot use --http-port "abc": it must be a port from 1 to 65535`);
  assertEquals(refusal({ httpsPort: "70000" }), `Cannot use --https-port "70000": it must be a port from 1 to 65535`);
  assertEquals(refusal({ address: "1.2.3" }), `Cannot use --address "1.2.3": it must be an IPv4 address or a domain`);
  assertEquals(
    refusal({ volumes: "data" }),
    `Cannot use --volumes "data": it must be an absolute path without . or .. in it`,
  );
  assertEquals(refusal({ builder: "kaniko" }), `Cannot use --builder "kaniko": it must be "buildkit" or "classic"`);
  assertEquals(refusal({ builds: "0" }), `Cannot use --builds "0": it must be a number from 1 to 32`);
  assertEquals(refusal({ httpsPort: "80" }), "Cannot use port 80 for both http and https");
  assertEquals(refusal({ address: "" }), `Cannot use --address "": it must be an IPv4 address or a domain`);
});

Deno.test("a machine without an address needs the flag, or a domain", () => {
  const none = { ...FRESH, address: undefined };
  assertThrows(() => wantedSettings({}, undefined, none), MyPaasError, "Cannot tell the address of this server");
  assertEquals(wantedSettings({ domain: "paas.example.org" }, undefined, none).address, "paas.example.org");
});

Deno.test("serverUrl() leaves the usual port out", () => {
  assertEquals(serverUrl(SETTINGS), "https://192.0.2.7");
  assertEquals(serverUrl({ ...SETTINGS, httpsPort: 8443 }), "https://192.0.2.7:8443");
  assertEquals(serverUrl({ ...SETTINGS, domain: "paas.example.org" }), "https://paas.example.org");
});
