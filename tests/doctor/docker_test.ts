import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkDocker, type DockerFacts, dockerSettingsPath } from "../../src/doctor/docker.ts";

const GOOD = JSON.stringify({ "log-driver": "local", builder: { gc: { enabled: true } } });
const FACTS: DockerFacts = {
  engine: "20.10.24",
  storageDriver: "overlay2",
  logDriver: "local",
  liveRestore: true,
  swarm: false,
  command: ["/usr/sbin/dockerd", "-H", "fd://"],
  settings: { path: "/etc/docker/daemon.json", text: GOOD },
};

/** `level: beginning of the sentence`. */
function found(change: Partial<DockerFacts>): readonly string[] {
  return checkDocker({ ...FACTS, ...change }).map(({ level, message }) => `${level}: ${message}`);
}

function settings(value: unknown): Pick<DockerFacts, "settings"> {
  return { settings: { ...FACTS.settings, text: typeof value === "string" ? value : JSON.stringify(value) } };
}

Deno.test("checkDocker() is silent about a Docker with the settings that it advises", () => {
  assertEquals(found({}), []);
});

Deno.test("checkDocker() names an API that is open to the network, wherever it was told so", () => {
  const open = "fault: Docker's API is open at tcp://0.0.0.0:2375 without TLS: whoever reaches it is root here";
  assertEquals(found({ command: ["dockerd", "-H", "fd://", "-H", "tcp://0.0.0.0:2375"] }), [open]);
  assertEquals(found({ command: ["dockerd", "--host=tcp://0.0.0.0:2375"] }), [open]);
  const hosts = { builder: { gc: { enabled: true } }, hosts: ["fd://", "tcp://0.0.0.0:2375"] };
  assertEquals(found(settings(hosts)), [open]);
  assertEquals(found(settings({ ...hosts, tlsverify: true })), []);
  assertEquals(found({ command: ["dockerd", "--tlsverify", "-Htcp://0.0.0.0:2376"] }), []);
});

Deno.test("checkDocker() warns of an API on the loopback address and of slow storage", () => {
  const [loopback = ""] = found({ command: ["dockerd", "-H", "tcp://127.0.0.1:2375"] });
  assertStringIncludes(loopback, "warning: Docker's API is open at tcp://127.0.0.1:2375");
  assertStringIncludes(found({ storageDriver: "vfs" })[0] ?? "", 'warning: Docker\'s storage driver "vfs" is slow');
});

Deno.test("checkDocker() names settings that Docker will not start with", () => {
  assertEquals(found(settings('{"live-restore": true')), [
    'fault: Docker will not start again: "/etc/docker/daemon.json" is not a JSON object',
  ]);
});

Deno.test("checkDocker() advises the file and the line for logs, live-restore and the build cache", () => {
  const findings = checkDocker({
    ...FACTS,
    logDriver: "json-file",
    liveRestore: false,
    settings: { ...FACTS.settings, text: undefined },
  });
  assertEquals(findings.map(({ level }) => level), ["advice", "advice", "advice"]);
  assertEquals(
    findings.at(-1)?.fix,
    'Put this line into /etc/docker/daemon.json: "builder": { "gc": { "enabled": true, "defaultKeepStorage": "10GB" } }, then: systemctl restart docker',
  );
});

Deno.test("checkDocker() knows that a newer Engine collects its build cache, unless it was told not to", () => {
  assertEquals(found({ engine: "29.1.0", ...settings({}) }), []);
  assertEquals(found({ engine: "29.1.0", ...settings({ builder: { gc: { enabled: false } } }) }).length, 1);
});

Deno.test("checkDocker() advises no live-restore in a swarm, which refuses it", () => {
  assertEquals(found({ liveRestore: false, swarm: true }), []);
});

Deno.test("dockerSettingsPath() follows the flag of dockerd", () => {
  assertEquals(dockerSettingsPath([]), "/etc/docker/daemon.json");
  assertEquals(dockerSettingsPath(["dockerd", "--config-file", "/d.json"]), "/d.json");
  assertEquals(dockerSettingsPath(["dockerd", "--config-file=/d.json"]), "/d.json");
});
