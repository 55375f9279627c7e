import { waitUntil, within } from "../../src/wait.ts";
import { freePorts } from "./free_ports.ts";
import { MYPAAS } from "./lab.ts";
import { CHECKOUT } from "./project.ts";

/** What of this machine sshd has in another form: a user for itself, one who is not root, and its folder below /run. */
const NAMESPACE = `
set -e
cp /etc/passwd "$1/passwd"
echo 'sshd:x:998:65534::/run/sshd:/usr/sbin/nologin' >>"$1/passwd"
echo 'ann:x:4321:4321::/tmp:/bin/sh' >>"$1/passwd"
mount --bind "$1/passwd" /etc/passwd
mkdir "$1/run"
mount -t tmpfs none "$1/run"
mkdir -m 755 "$1/run/sshd"
touch "$1/run/docker.sock"
mount --bind /run/docker.sock "$1/run/docker.sock"
mount --rbind "$1/run" /run
exec "$2/sshd" -D -e -f "$1/sshd_config"
`;

/** Keys of laptops; what the shell of the first three finds differs. */
const KEYS = ["root", "bare", "old", "stranger"] as const;

/**
 * A real sshd on a free port of 127.0.0.1, and a laptop's ssh that knows it: both have configurations, keys and
 * known_hosts of their own, and nothing of the machine's is read or changed. The laptop's ssh knows these hosts:
 *
 * - `vm`: where mypaas is installed
 * - `bare`: where it is not; `old`: where it is of a version without `relay`
 * - `nokey`: which does not know the key; `unknown`, `strange`, `changed`: whose host key is not known, or another
 */
export class SshServer implements AsyncDisposable {
  readonly port: number;
  /** Of all files of both sides. */
  readonly folder: string;
  readonly #sshd: Deno.ChildProcess;

  private constructor(folder: string, port: number, sshd: Deno.ChildProcess) {
    this.folder = folder;
    this.port = port;
    this.#sshd = sshd;
  }

  /** @param root of the server whose daemon is reached */
  static async start(root: string): Promise<SshServer> {
    const folder = await Deno.makeTempDir({ prefix: "mypaas-sshd-" });
    // sshd reads the keys of a user as that user.
    await Deno.chmod(folder, 0o755);
    const [port] = freePorts();
    await Deno.mkdir(`${folder}/tmp`);
    for (const name of ["host", "other_host", ...KEYS]) await keygen(`${folder}/${name}`);
    await writeConfiguration(folder, { root, port });
    const sshd = new Deno.Command("unshare", {
      args: ["--mount", "sh", "-c", `exec 2>>"$1/sshd.log"; ${NAMESPACE}`, "sh", folder, `${CHECKOUT}/.tools/sshd`],
      env: { LD_LIBRARY_PATH: `${CHECKOUT}/.tools/sshd` },
      stdin: "null",
    }).spawn();
    const server = new SshServer(folder, port, sshd);
    await waitUntil(async () => (await server.log()).includes("Server listening"), {
      what: "sshd listens",
      timeoutMs: 10_000,
    });
    return server;
  }

  /** What sshd wrote. */
  async log(): Promise<string> {
    return await Deno.readTextFile(`${this.folder}/sshd.log`).catch(() => "");
  }

  /** Logins since the start. */
  async logins(): Promise<number> {
    return (await this.log()).split("Accepted publickey").length - 1;
  }

  /** A folder for what programs on the laptop put in one for a moment. */
  get temporary(): string {
    return `${this.folder}/tmp`;
  }

  /** What a laptop's environment needs so that its `ssh` is the one that knows this server. */
  get environment(): Record<string, string> {
    return { PATH: `${this.folder}/laptop:${Deno.env.get("PATH")}` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sshd.kill("SIGTERM");
    await within(this.#sshd.status, { what: "sshd ends", timeoutMs: 10_000 });
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function keygen(path: string): Promise<void> {
  const { success } = await new Deno.Command("ssh-keygen", { args: ["-q", "-t", "ed25519", "-N", "", "-f", path] })
    .output();
  if (!success) throw new Error(`ssh-keygen -f ${path} failed`);
}

async function writeConfiguration(
  folder: string,
  { root, port }: { readonly root: string; readonly port: number },
): Promise<void> {
  const write = (name: string, lines: readonly string[]) =>
    Deno.writeTextFile(`${folder}/${name}`, `${lines.join("\n")}\n`);
  const script = async (name: string, lines: readonly string[]) => {
    await Deno.mkdir(`${folder}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await write(name, ["#!/bin/sh", ...lines]);
    await Deno.chmod(`${folder}/${name}`, 0o755);
  };
  await script("bin/new/mypaas", [`exec '${MYPAAS}' --root '${root}' "$@"`]);
  await script("bin/old/mypaas", [`echo "error: Unknown command 'relay'" >&2`, "exit 2"]);
  await script("bin/new/sudo", ['test "$1" = -n || exit 9', "echo sudo: a password is required >&2", "exit 1"]);
  await script("laptop/ssh", [`exec /usr/bin/ssh -F '${folder}/config' "$@"`]);
  const folders: Readonly<Record<string, string>> = { root: "new", bare: "none", old: "old" };
  const authorized = Object.entries(folders).map(async ([key, path]) =>
    `environment="PATH=${folder}/bin/${path}:/usr/bin:/bin" ${(await Deno.readTextFile(`${folder}/${key}.pub`)).trim()}`
  );
  await write("authorized_keys", await Promise.all(authorized));
  await write("sshd_config", [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${folder}/host`,
    "PidFile none",
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    // The folder is below /tmp, where everybody may write.
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitUserEnvironment yes",
  ]);
  const known = async (key: string) =>
    `[127.0.0.1]:${port} ${(await Deno.readTextFile(`${folder}/${key}.pub`)).split(" ").slice(0, 2).join(" ")}`;
  await write("known_hosts", [await known("host")]);
  await write("changed_hosts", [await known("other_host")]);
  const host = (name: string, key: string, knownHosts = "known_hosts") => [
    `Host ${name}`,
    `IdentityFile ${folder}/${key}`,
    `UserKnownHostsFile ${folder}/${knownHosts}`,
  ];
  await write("config", [
    ...[...host("bare", "bare"), ...host("old", "old"), ...host("nokey", "stranger")],
    ...[
      ...host("unknown", "root", "new_hosts"),
      ...host("strange", "root", "no_hosts"),
      ...host("changed", "root", "changed_hosts"),
    ],
    // Keys add up; of everything else the first counts.
    ...host("* !bare !old !nokey", "root"),
    ...["GlobalKnownHostsFile /dev/null", "IdentitiesOnly yes", "IdentityAgent none"],
    ...["Host vm bare old nokey unknown strange changed", "HostName 127.0.0.1", `Port ${port}`],
  ]);
}
