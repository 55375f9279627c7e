import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parse, stringify } from "@std/yaml";
import { MyPaasError } from "../../src/error.ts";
import { fieldProblem, parseDraftSettings, parseSettings, renderSettings } from "../../src/setup/settings_file.ts";
import { SETTINGS } from "./settings_example.ts";

/** The message with which a file is refused in which one field is changed. */
function refusal(change: Record<string, unknown>): string {
  const value = { ...parse(renderSettings(SETTINGS)) as Record<string, unknown>, ...change };
  const text = stringify(Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)));
  return assertThrows(() => parseSettings(text, "/etc/server.yml"), MyPaasError).message
    .replace(`Cannot read the settings in "/etc/server.yml": `, "");
}

Deno.test("settings come back from server.yml as they were written", () => {
  assertEquals(parseSettings(renderSettings(SETTINGS), "f"), SETTINGS);
  const full = {
    ...SETTINGS,
    domain: "paas.example.org",
    email: "me@example.org",
    acmeCa: "/ca.pem",
    certificateHours: 24,
    dns: "192.0.2.53:5353",
    acme: "https://ca.example/dir",
    autoDomain: "apps.example.org",
  };
  assertEquals(parseSettings(renderSettings(full), "f"), full);
});

Deno.test("settings of an init that was cut off can be read by init and by nobody else", () => {
  const { internal } = SETTINGS.networks;
  const draft = { ...SETTINGS, networks: { internal } };
  assertEquals(parseDraftSettings(renderSettings(draft), "f"), draft);
  assertThrows(
    () => parseSettings(renderSettings(draft), "f"),
    MyPaasError,
    `Cannot use the settings in "f": init did not finish`,
  );
});

Deno.test("parseSettings() names the field that is wrong, and what it must be", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ serverId: "abc" }, `serverId must be 32 hex digits, not "abc"`],
    [{ serverId: undefined }, `"serverId" is missing`],
    [{ address: "1.2.3.400" }, `address must be an IPv4 address or a domain, not "1.2.3.400"`],
    [{ domain: "a b" }, `domain must be a domain such as paas.example.org, not "a b"`],
    [{ httpPort: 70000 }, "httpPort must be a port from 1 to 65535, not 70000"],
    [{ httpPort: "80" }, `httpPort must be a port from 1 to 65535, not "80"`],
    [{ httpsPort: SETTINGS.httpPort }, "httpsPort must be another port than httpPort, not 80"],
    [{ supervisor: "cron" }, `supervisor must be "systemd", "docker" or "none", not "cron"`],
    [{ email: "me" }, `email must be an email address, not "me"`],
    [{ acme: "http://x" }, `acme must be "production", "staging" or an https:// URL, not "http://x"`],
    [{ acmeCa: "ca.pem" }, `acmeCa must be an absolute path without . or .. in it, not "ca.pem"`],
    [{ certificateHours: 0 }, "certificateHours must be a number of hours from 1 to 87600, not 0"],
    [{ dns: "ns.test" }, `dns must be an IPv4 address, with :port if it is not 53, not "ns.test"`],
    [{ dns: "192.0.2.53:0" }, `dns must be an IPv4 address, with :port if it is not 53, not "192.0.2.53:0"`],
    [{ volumes: "/srv/../etc" }, `volumes must be an absolute path without . or .. in it, not "/srv/../etc"`],
    [{ volumes: "/" }, `volumes must be a folder below /, not "/"`],
    [
      { traefikImage: "traefik" },
      `traefikImage must be an image with its tag or digest, such as traefik:v3.7.15, not "traefik"`,
    ],
    [{ autoDomain: "none" }, `autoDomain must be a domain such as paas.example.org, not "none"`],
    [
      { autoDomain: `${"a.".repeat(100)}org` },
      `autoDomain must be a domain of at most 200 characters, not "${"a.".repeat(100)}org"`,
    ],
    [{ maxContext: 1000 }, "maxContext must be a size of at least 1m, such as 512m or 4g, not 1000"],
    [{ maxFiles: 100_001 }, "maxFiles must be a number from 1 to 100000, not 100001"],
    [{ builds: 0 }, "builds must be a number from 1 to 32, not 0"],
    [{ builds: "2" }, `builds must be a number from 1 to 32, not "2"`],
    [{ apiPassword: "x" }, `apiPassword must be 64 hex digits`],
    [{ networks: "none" }, `networks must be a map of internal, ingress, entry and admin, not "none"`],
    [{ colour: "red" }, `"colour" is unknown`],
  ];
  for (const [change, message] of cases) assertEquals(refusal(change), message);
});

Deno.test("parseSettings() takes BuildKit, one build at a time, where an earlier version did not write them", () => {
  const text = renderSettings(SETTINGS).replace(/^(builder|builds): .*\n/gm, "");
  assertEquals(parseSettings(text, "f"), SETTINGS);
  assertEquals(parseSettings(renderSettings({ ...SETTINGS, builder: "classic" }), "f").builder, "classic");
});

Deno.test("parseSettings() names the field inside a network", () => {
  const ingress = { ...SETTINGS.networks.ingress };
  const withIngress = (change: Record<string, unknown>) =>
    refusal({ networks: { ...SETTINGS.networks, ingress: { ...ingress, ...change } } });
  assertEquals(
    withIngress({ subnet: "10.0.0.1/8" }),
    `networks.ingress.subnet must be an IPv4 subnet such as 172.31.0.0/16, not "10.0.0.1/8"`,
  );
  assertEquals(
    withIngress({ gateway: "1.2.3.4" }),
    `networks.ingress.gateway must be inside the subnet, not "1.2.3.4"`,
  );
  assertEquals(
    withIngress({ range: "10.0.0.0/9" }),
    `networks.ingress.range must be inside the subnet, not "10.0.0.0/9"`,
  );
  assertEquals(withIngress({ mtu: 1500 }), `"networks.ingress.mtu" is unknown`);
});

Deno.test("parseSettings() refuses what is no map, in one sentence", () => {
  const message = (text: string) => assertThrows(() => parseSettings(text, "f"), MyPaasError).message;
  assertEquals(message(""), `Cannot read the settings in "f": the file must be a map of settings`);
  assertEquals(
    message("just words"),
    `Cannot read the settings in "f": the file must be a map of settings, not "just words"`,
  );
  assertStringIncludes(message("a: [b"), `Cannot read the settings in "f": it is not YAML (`);
});

Deno.test("fieldProblem() says what a flag's value must be", () => {
  assertEquals(fieldProblem("httpPort", 0), "a port from 1 to 65535");
  assertEquals(fieldProblem("httpPort", 8080), undefined);
  assertEquals(fieldProblem("address", "localhost"), undefined);
  assertEquals(fieldProblem("traefikImage", "registry.example:5000/traefik@sha256:ab"), undefined);
});
