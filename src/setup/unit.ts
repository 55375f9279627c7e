import type { ServerLayout } from "./layout.ts";
import { daemonCommand, TRIM_VARIABLE } from "./parts.ts";
import type { ServerSettings } from "./settings.ts";

export const UNIT_NAME = "mypaas.service";
/** Environment variable of the daemon's process: tells `init` with which program and settings it was started. */
export const CONTENT_VARIABLE = "MYPAAS_CONTENT";

/** A daemon that has not answered itself for so long hangs, and is started again. */
const WATCHDOG_SECONDS = 30;

/**
 * The systemd unit of the daemon (systemd.service(5), systemd.exec(5)). It is fenced as far as its work allows: it talks to
 * Docker, looks into `/proc` of other processes (so no `ProtectProc`), asks addresses of containers and of the internet (so
 * no `PrivateNetwork`), owns its state, makes folders for volumes (`ProtectHome` only reads, for they may be there), gives
 * the receiver its folder (`@chown`), and listens on no TCP port. `MemoryDenyWriteExecute` holds because the program is
 * compiled with `--lite-mode` (scripts/compile), under which V8 makes no machine code. `/run/mypaas` stays when it stops,
 * because the receiver's container has a folder of it mounted. The daemon is never given up (`StartLimitIntervalSec=0`), and
 * is the last to go when memory ends.
 *
 * @param content changes when the daemon must be restarted
 */
export function daemonUnit(
  { layout, settings, content }: {
    readonly layout: ServerLayout;
    readonly settings: Pick<ServerSettings, "volumes">;
    readonly content: string;
  },
): string {
  return `# Written by mypaas init; changes are lost when it runs again. Use: systemctl edit ${UNIT_NAME}
[Unit]
Description=MyPaas daemon
After=docker.service network-online.target
Wants=docker.service network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=${daemonCommand(layout).map(word).join(" ")}
Environment=${CONTENT_VARIABLE}=${content}
Environment=${TRIM_VARIABLE}=1
Restart=always
RestartSec=1
WatchdogSec=${WATCHDOG_SECONDS}
OOMScoreAdjust=-900
RuntimeDirectory=mypaas
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes
LimitNOFILE=65536
LimitCORE=0
UMask=0077
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths=${word(layout.lib)} ${word(`-${settings.volumes}`)}
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallFilter=@chown
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** A word of a unit file: quoted where needed, `%` doubled because it begins a specifier. */
function word(text: string): string {
  const plain = text.replaceAll("%", "%%");
  return /^[\w./:@%-]+$/.test(plain) ? plain : `"${plain.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
