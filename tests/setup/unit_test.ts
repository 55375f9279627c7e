import { assertEquals, assertStringIncludes } from "@std/assert";
import { serverLayout } from "../../src/setup/layout.ts";
import { daemonUnit } from "../../src/setup/unit.ts";

const layout = serverLayout("/");

Deno.test("daemonUnit() is this text on a server with its defaults", () => {
  assertEquals(
    daemonUnit({ layout, settings: { volumes: "/srv/mypaas" }, content: "abc" }),
    `# Written by mypaas init; changes are lost when it runs again. Use: systemctl edit mypaas.service
[Unit]
Description=MyPaas daemon
After=docker.service network-online.target
Wants=docker.service network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=/usr/local/bin/mypaas daemon
Environment=MYPAAS_CONTENT=abc
Environment=DENO_USR2_MEMORY_TRIM=1
Restart=always
RestartSec=1
WatchdogSec=30
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
ReadWritePaths=/var/lib/mypaas -/srv/mypaas
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
`,
  );
});

Deno.test("daemonUnit() writes a folder with blanks and % as one literal word", () => {
  const unit = daemonUnit({ layout, settings: { volumes: `/data/my "50%" disk` }, content: "abc" });
  assertStringIncludes(unit, `ReadWritePaths=/var/lib/mypaas "-/data/my \\"50%%\\" disk"\n`);
});

const ANALYZE = "/usr/bin/systemd-analyze";

Deno.test({ name: "systemd itself finds nothing wrong with the unit", ignore: !exists(ANALYZE), fn: analyze });

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

async function analyze(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/mypaas.service`;
    const program = { ...layout, binary: "/bin/true" };
    await Deno.writeTextFile(file, daemonUnit({ layout: program, settings: { volumes: "/srv/a b%" }, content: "abc" }));
    const { success, stderr } = await new Deno.Command(ANALYZE, { args: ["verify", file] }).output();
    // It looks at the machine's other units as well; what it says of those is not ours.
    const said = new TextDecoder().decode(stderr).split("\n").filter((line) => line.includes(folder));
    assertEquals({ success, said }, { success: true, said: [] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
