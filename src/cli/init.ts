import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { DEFAULT_AUTO_DOMAIN } from "../service/auto_domain.ts";
import { DEFAULT_TRAEFIK_IMAGE } from "../setup/settings.ts";
import type { InitFlags } from "../setup/wanted_settings.ts";
import type { Run } from "./context.ts";

export interface InitCommandRequest {
  readonly flags: InitFlags;
}

/** Defines `mypaas init`; `run` does the work. */
export function initCommand(run: Run<InitCommandRequest>): CommandUnknownOpts {
  return new Command("init")
    .description("Make this machine a server, or change how it is set up. Run again, it changes only what differs.")
    .option("--http-port <port>", "where Traefik takes http (80)")
    .option("--https-port <port>", "where Traefik takes https (443)")
    .addOption(
      new Option("--supervisor <kind>", "what keeps the daemon running (systemd where it is PID 1, else docker)")
        .choices(["systemd", "docker", "none"] as const),
    )
    .option("--domain <domain>", "the server's own domain, with a certificate from an authority")
    .option("--address <address>", "how laptops reach it without a domain (the machine's address)")
    .option("--email <email>", "whom the certificate authority may write to")
    .option("--acme <authority>", "production or staging of Let's Encrypt, or the URL of another (production)")
    .option("--acme-ca <file>", "certificate to trust when talking to that authority")
    .option("--certificate-hours <hours>", "how long that authority's certificates are valid (2160)")
    .option("--dns <address>", "name server to ask where domains lead (the machine's)")
    .option("--volumes <folder>", "where the services' volumes are (/srv/mypaas)")
    .addOption(
      new Option("--builder <kind>", "what Docker builds images with (buildkit)").choices(
        ["buildkit", "classic"] as const,
      ),
    )
    .option("--builds <count>", "how many images are built at the same time (1)")
    .option("--build-timeout <minutes>", "longest time of one build (60)")
    .option("--build-cgroup <group>", "control group that limits builds; BuildKit heeds it from Docker Engine 23 on")
    .option("--max-context <size>", "most bytes of the files of one push (4g)")
    .option("--max-files <count>", "most files, folders and links of one push (100000)")
    .option("--spool-size <size>", "how much disk pushed files may take (20g)")
    .option("--traefik-image <image>", `which Traefik (${DEFAULT_TRAEFIK_IMAGE})`)
    .option("--auto-domain [suffix]", "reach services without a domain at SERVICE.SUFFIX (<address>.sslip.io)")
    .action(({ autoDomain, ...flags }) =>
      run({ flags: { ...flags, autoDomain: autoDomain === true ? DEFAULT_AUTO_DOMAIN : autoDomain } })
    );
}
