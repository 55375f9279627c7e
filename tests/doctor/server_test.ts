import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkFiles, type PrivateFile } from "../../src/doctor/files.ts";
import { checkGround } from "../../src/doctor/ground.ts";
import { checkRemote, checkRunning, type RemoteFacts, type RunningFacts } from "../../src/doctor/running.ts";

const HELLO = { serverId: "ab", version: "0.2.0" };
const RUNNING: RunningFacts = {
  serverId: "ab",
  version: "0.2.0",
  daemon: { ...HELLO, socket: "/run/daemon.sock", start: "systemctl restart mypaas" },
  receiver: { ...HELLO, address: "172.20.0.3:8080", start: "docker restart mypaas-receiver" },
  restarts: [{ name: "mypaas-traefik", count: 2, logs: "docker logs mypaas-traefik" }],
  command: "mypaas",
};

function running(change: Partial<RunningFacts>): readonly string[] {
  return checkRunning({ ...RUNNING, ...change }).map(({ level, message, fix }) => `${level}: ${message} | ${fix}`);
}

Deno.test("checkRunning() is silent when daemon and receiver answer and are this server's", () => {
  assertEquals(running({}), []);
});

Deno.test("checkRunning() names a daemon that is away, and how it is started", () => {
  const { socket, start } = RUNNING.daemon;
  assertEquals(running({ daemon: { failure: "it does not run", socket, start } }), [
    'fault: The daemon does not answer on "/run/daemon.sock": it does not run | systemctl restart mypaas',
  ]);
});

Deno.test("checkRunning() names another version, another server and what ends again and again", () => {
  assertEquals(running({ receiver: { ...RUNNING.receiver, ...HELLO, version: "0.1.0" } }), [
    "fault: The receiver is mypaas 0.1.0, this program 0.2.0 | mypaas init",
  ]);
  const [other = ""] = running({ receiver: { ...RUNNING.receiver, ...HELLO, serverId: "cd" } });
  assertStringIncludes(other, "another server's answers there (cd)");
  assertEquals(running({ restarts: [{ name: "mypaas.service", count: 7, logs: "journalctl -u mypaas.service" }] }), [
    "warning: mypaas.service has ended by itself 7 times and was started again | journalctl -u mypaas.service",
  ]);
});

const AT = new Date("2026-11-22T12:00:00Z");
const REMOTE: RemoteFacts = {
  name: "lab",
  version: "0.2.0",
  hello: { ...HELLO, time: AT },
  serverId: "ab",
  asked: AT,
  answered: AT,
};

function remote(change: Partial<RemoteFacts>): readonly string[] {
  return checkRemote({ ...REMOTE, ...change }).map(({ level, message }) => `${level}: ${message}`);
}

function serverTime(seconds: number): Pick<RemoteFacts, "hello"> {
  return { hello: { ...HELLO, time: new Date(AT.getTime() + seconds * 1000) } };
}

Deno.test("checkRemote() takes what the way took for no difference of the clocks", () => {
  assertEquals(remote({ ...serverTime(20), answered: new Date(AT.getTime() + 30_000) }), []);
});

Deno.test("checkRemote() names a clock that is wrong, and which side is ahead", () => {
  assertEquals(remote(serverTime(90)), [
    'fault: This machine\'s clock is 90 s behind that of "lab": nothing that it signs is accepted',
  ]);
  assertEquals(remote(serverTime(-30)), [
    'warning: This machine\'s clock is 30 s ahead of that of "lab": from 60 s on nothing is accepted',
  ]);
});

Deno.test("checkRemote() names another server than at login, and another version", () => {
  assertEquals(remote({ serverId: "cd" }), ['fault: "lab" is another server than at login: its id is ab, not cd']);
  assertEquals(remote({ serverId: undefined, version: "0.3.0" }), [
    'warning: "lab" is mypaas 0.2.0, this program 0.3.0',
  ]);
});

const ENTRY = { kind: "file", mode: 0o600, uid: 0, gid: 0 } as const;
const PROGRAM: PrivateFile = { path: "/usr/local/bin/mypaas", entry: { ...ENTRY, mode: 0o755 }, needed: true };

function files(file: Partial<PrivateFile>, program = PROGRAM): readonly string[] {
  return checkFiles([{ path: "/key", entry: ENTRY, needed: true, ...file }], program).map(({ message }) => message);
}

Deno.test("checkFiles() names secrets that others may read, that another owns, and that are missing", () => {
  assertEquals(files({}), []);
  assertEquals(files({ entry: { ...ENTRY, mode: 0o640 } }), [
    'Others may read the secrets in "/key": its mode is 0640, not 0600',
  ]);
  assertEquals(files({ entry: { ...ENTRY, uid: 1000 } }), [
    'Others may read the secrets in "/key": user 1000 owns it, not root',
  ]);
  assertEquals(files({ entry: undefined }), ['"/key" is missing']);
  assertEquals(files({ entry: undefined, needed: false }), []);
});

Deno.test("checkFiles() names a program of root's that others may change", () => {
  assertEquals(files({}, { ...PROGRAM, entry: { ...ENTRY, mode: 0o775 } }), [
    'Others may change the program that root runs, "/usr/local/bin/mypaas": its mode is 0775',
  ]);
});

Deno.test("checkGround() says what init would change, and the command that does it", () => {
  const folder = { path: "/var/lib/mypaas", mode: 0o700, uid: 0, gid: 0, ours: true };
  const findings = checkGround([
    { kind: "folder", folder, exists: true },
    { kind: "pull-image", image: "traefik:v3" },
    { kind: "start-part", name: "mypaas-traefik" },
    { kind: "reload-units" },
    { kind: "start-unit" },
  ], "mypaas --root /r");
  assertEquals(findings.map(({ level, message, fix }) => `${level}: ${message} | ${fix}`), [
    'fault: The folder "/var/lib/mypaas" has another mode or owner than 0700 of 0:0 | mypaas --root /r init',
    'warning: The image "traefik:v3" is missing: its container cannot be made again | mypaas --root /r init',
    'fault: The container "mypaas-traefik" does not run | docker start mypaas-traefik',
    "fault: mypaas.service does not run, or does not start at boot | systemctl enable --now mypaas.service",
  ]);
});
