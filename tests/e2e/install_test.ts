import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { importImage, removeImage, runContainer, type RunOptions } from "./engine.ts";
import { FileServer } from "./file_server.ts";
import { freePorts } from "./free_ports.ts";
import { CHECKOUT } from "./project.ts";
import { addRelease } from "./second_build.ts";

const { version: VERSION }: { version: string } = JSON.parse(await Deno.readTextFile(`${CHECKOUT}/deno.json`));
const [PORT] = freePorts();
const URL = `http://127.0.0.1:${PORT}`;
const FILE = `mypaas-linux-${Deno.build.arch}.gz`;
/** A version before, and one whose program is not what the list says. */
const EARLIER = "0.0.9";
const TAMPERED = "0.0.8";

const image = `mypaas-test-debian:${crypto.randomUUID()}`;
let folder = "";

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "mypaas-install-" });
  const root = new Deno.Command(`${CHECKOUT}/tests/e2e/debian_root.sh`, { args: ["curl"] }).output();
  await run(`${CHECKOUT}/scripts/release`, "--out", folder, "--url", URL, "--target", `linux-${Deno.build.arch}`);
  for (const version of [EARLIER, TAMPERED]) {
    const program = `${folder}/program`;
    await Deno.writeTextFile(program, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
    await addRelease(folder, version, program);
  }
  await Deno.writeTextFile(`${folder}/VERSION`, `${VERSION}\n`);
  await Deno.writeFile(`${folder}/${TAMPERED}/${FILE}`, new Uint8Array([1, 2, 3]), { append: true });
  const { success, stdout, stderr } = await root;
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await importImage(image, stdout);
});

Deno.test.afterAll(async () => {
  await removeImage(image).catch(() => {});
  if (folder !== "") await Deno.remove(folder, { recursive: true });
});

async function run(program: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args }).output();
  const said = new TextDecoder().decode(stderr);
  if (!success) throw new Error(`${program}: ${said}`);
  console.log(said.trim().split("\n").slice(-2).join("\n"));
}

/** Runs a shell script in a bare Debian root, while the releases are served; `INSTALL` is the documented line. */
async function onDebian(script: string, options: RunOptions = {}, prepare: (web: FileServer) => void = () => {}) {
  await using web = new FileServer(folder, PORT);
  prepare(web);
  const line = `curl -fsSL ${URL}/install.sh | sh`;
  return await runContainer(image, ["sh", "-c", script.replaceAll("INSTALL", line)], { network: "host", ...options });
}

/** Runs an installation that must fail where an earlier version is. @returns its sentence */
async function refused(script: string, options: RunOptions = {}, prepare?: (web: FileServer) => void): Promise<string> {
  const earlier =
    'mkdir -p /usr/local/bin; printf "#!/bin/sh\\necho before" >/usr/local/bin/mypaas; chmod 755 /usr/local/bin/mypaas';
  const after = "code=$?; ls -A /usr/local/bin; ls /etc/mypaas; /usr/local/bin/mypaas; exit $code";
  const { code, output } = await onDebian(`${earlier}; ${script}; ${after}`, options, prepare);
  const [, sentence = "", rest] = /^(?:downloading .*\n)?error: (.*\n(?:hint: .*\n)?)([^]*)$/.exec(output) ?? [];
  assertEquals(
    [code, rest],
    [1, "mypaas\nls: cannot access '/etc/mypaas': No such file or directory\nbefore\n"],
    output,
  );
  return sentence;
}

Deno.test("install.sh on a bare Debian root: the program runs, and upgrade knows where it came from", async () => {
  const { code, output } = await onDebian(
    "INSTALL && ls -Al /usr/local/bin && mypaas --version && cat /etc/mypaas/releases && mypaas upgrade --check && mypaas upgrade",
  );
  assertEquals(code, 0, output);
  assertMatch(output, new RegExp(`^downloading mypaas ${VERSION} for linux on `));
  assertMatch(output, /\n {2}mypaas init\ntotal \d+\n-rwxr-xr-x 1 root root \d+ .* mypaas\n/);
  assert(
    output.endsWith(`\n${VERSION}\n${URL}\n${VERSION} is the newest\nnothing to do: this is ${VERSION}\n`),
    output,
  );
});

Deno.test("install.sh for one user: ~/.local/bin, and what comes next on a laptop", async () => {
  const { code, output } = await onDebian(
    `INSTALL && cd ~/.local/bin && ./mypaas upgrade --check && ./mypaas upgrade --to ${EARLIER} && ./mypaas && ls -A . ~/.config/mypaas`,
    { user: "1000:1000", env: ["HOME=/tmp/me"] },
  );
  assertEquals(code, 0, output);
  assertStringIncludes(output, "note: your PATH does not have /tmp/me/.local/bin\n");
  assertStringIncludes(output, "\n  /tmp/me/.local/bin/mypaas login NAME LINE\n");
  const upgraded = `upgraded mypaas from ${VERSION} to ${EARLIER}\n${EARLIER}\n`;
  assertStringIncludes(output, `${VERSION} is the newest\ndownloading mypaas ${EARLIER}\n${upgraded}`);
  assert(output.endsWith(".:\nmypaas\n\n/tmp/me/.config/mypaas:\nreleases\n"), output);
});

Deno.test("install.sh takes the version that MYPAAS_VERSION names, and upgrade goes on from there", async () => {
  const { code, output } = await onDebian(
    `export MYPAAS_VERSION=${EARLIER}; INSTALL && mypaas && MYPAAS_VERSION=${VERSION} && INSTALL && mypaas --version`,
  );
  assertEquals(code, 0, output);
  assertStringIncludes(output, `\n${EARLIER}\n`);
  assert(output.endsWith(`\n${VERSION}\n`), output);
});

Deno.test("upgrade says when the disk is full, and leaves the program", async () => {
  const { code, output } = await onDebian(
    "INSTALL; cd /small; mypaas upgrade --from mypaas; code=$?; ls -A; mypaas --version; exit $code",
    {
      env: ["MYPAAS_INSTALL_DIR=/small", "PATH=/small:/usr/bin:/bin"],
      tmpfs: { "/small": "size=150m,exec" },
    },
  );
  assertEquals(code, 1, output);
  assertStringIncludes(output, 'error: Cannot write "/small/mypaas.upgrade": the disk is full\n');
  assert(output.endsWith(`\nmypaas\n${VERSION}\n`), output);
});

Deno.test("install.sh refuses in one sentence, and leaves what was there", async () => {
  assertMatch(
    await refused(`MYPAAS_VERSION=${TAMPERED}; export MYPAAS_VERSION; INSTALL`),
    /^Cannot install mypaas: the download has the SHA-256 [0-9a-f]{64}, it must be [0-9a-f]{64}\n/,
  );
  assertEquals(
    await refused("export MYPAAS_VERSION=0.0.1; INSTALL"),
    `Cannot install mypaas: there is no "${URL}/0.0.1/SHA256SUMS"\nhint:  Check the version and the address.\n`,
  );
  assertEquals(
    await refused("INSTALL", {}, (web) => web.cutOff.set(`/${VERSION}/${FILE}`, 1 << 20)),
    `Cannot install mypaas: the download of "${URL}/${VERSION}/${FILE}" was cut off\nhint:  Try again.\n`,
  );
  assertEquals(
    await refused("mkdir /f; printf '#!/bin/sh\\necho FreeBSD' >/f/uname; chmod 755 /f/uname; PATH=/f:$PATH; INSTALL"),
    "Cannot install mypaas: there is no program for FreeBSD\nhint:  There is one for Linux, and for some releases one for macOS.\n",
  );
  assertEquals(
    await refused(
      "mkdir /f; printf '#!/bin/sh\\n[ $1 = -s ] && echo Linux || echo riscv64' >/f/uname; chmod 755 /f/uname; PATH=/f:$PATH; INSTALL",
    ),
    "Cannot install mypaas: there is no program for the processor riscv64\nhint:  There is one for x86_64 and for aarch64.\n",
  );
  assertEquals(
    await refused("INSTALL", { tmpfs: { "/usr/local/bin": "size=2m,exec" } }),
    'Cannot install mypaas: "/usr/local/bin" cannot be written\nhint:  Check that the disk is not full: df -h /usr/local/bin\n',
  );
  assertMatch(
    await refused("export MYPAAS_RELEASES=http://get.example.org; INSTALL"),
    /^Cannot install mypaas: "http:\/\/get.example.org" is no https address\n/,
  );
});

Deno.test("install.sh tells who may not write where", async () => {
  const { code, output } = await onDebian("INSTALL; code=$?; ls -A /usr/bin | grep mypaas; exit $code", {
    user: "1000:1000",
    env: ["MYPAAS_INSTALL_DIR=/usr/bin"],
  });
  assertEquals([code, output], [
    1,
    'error: Cannot install mypaas: you may not write to "/usr/bin"\r\nhint:  Run it as root, or set MYPAAS_INSTALL_DIR to a folder of yours.\n'
      .replace("\r", ""),
  ]);
});

Deno.test("install.sh that was cut off anywhere does nothing", async () => {
  const { code, output } = await onDebian(
    `curl -fsSL ${URL}/install.sh >/whole; all=$(wc -c </whole); n=0; while [ $n -lt $((all - 10)) ]; do
      head -c $n /whole | sh >/said 2>/dev/null; [ ! -s /said ] || { echo "$n bytes say: $(cat /said)"; exit 1; }
      n=$((n + 61)); done; ls -A /usr/local /etc/mypaas 2>/dev/null; echo "$n tried"`,
  );
  assertEquals(code, 0, output);
  assertMatch(output, /^\d{4} tried\n$/);
});
