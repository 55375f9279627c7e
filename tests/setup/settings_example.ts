import { networkSettings } from "../../src/setup/addresses.ts";
import { DEFAULT_CERTIFICATE_HOURS, DEFAULT_QUOTAS, type ServerSettings } from "../../src/setup/settings.ts";

/** Settings of a server on its defaults. */
export const SETTINGS: ServerSettings = {
  serverId: "ab12cd00000000000000000000000000",
  address: "192.0.2.7",
  domain: undefined,
  httpPort: 80,
  httpsPort: 443,
  supervisor: "docker",
  email: undefined,
  acme: "production",
  acmeCa: undefined,
  certificateHours: DEFAULT_CERTIFICATE_HOURS,
  dns: undefined,
  volumes: "/srv/mypaas",
  traefikImage: "traefik:v3.7.15",
  autoDomain: undefined,
  builder: "buildkit",
  builds: 1,
  buildTimeout: 60,
  buildCgroup: undefined,
  ...DEFAULT_QUOTAS,
  apiPassword: "5e".repeat(32),
  networks: {
    internal: networkSettings("172.20.0.0/16"),
    ingress: networkSettings("172.21.0.0/16"),
    entry: networkSettings("172.22.0.0/16"),
    admin: networkSettings("172.23.0.0/16"),
  },
};
