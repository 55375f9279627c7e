import { assertEquals, assertMatch } from "@std/assert";
import { plant, run, tempFolder } from "../host/temp_folder.ts";
import { MYPAAS, type Ran, runProgram, succeeded } from "./lab.ts";

/** `mypaas files` in a folder. */
function files(folder: string, ...flags: string[]): Promise<Ran> {
  return runProgram(["files", folder, ...flags]);
}

Deno.test("files lists what a push would send as one JSON object, and needs no server", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, {
    "Dockerfile": "FROM busybox\n",
    ".dockerignore": "node_modules\r\n*.log\n!keep.log\nDockerfile\n",
    "node_modules/a/b": "",
    "a.log": "",
    "keep.log": "123",
    "link": { link: "/etc" },
    "-rf\n": "",
    "empty": {},
  });
  for (const path of [".dockerignore", "-rf\n"]) await Deno.chmod(`${folder.path}/${path}`, 0o644);
  await Deno.chmod(`${folder.path}/keep.log`, 0o4755);
  await Deno.chmod(`${folder.path}/empty`, 0o700);
  const { stdout } = succeeded(await files(folder.path, "--json"));
  assertEquals(JSON.parse(stdout), {
    files: [
      { path: "-rf\n", type: "file", mode: 0o644, size: 0 },
      { path: ".dockerignore", type: "file", mode: 0o644, size: 41 },
      { path: "empty", type: "dir", mode: 0o700, size: 0 },
      { path: "keep.log", type: "file", mode: 0o4755, size: 3 },
      { path: "link", type: "link", mode: 0o777, size: 0 },
    ],
  });
  const plain = succeeded(await files(`${folder.path}/Dockerfile`));
  assertMatch(plain.stdout, /^ 0 B {2}-rf\\n\n41 B {2}\.dockerignore\n {6}empty\/\n/);
  assertMatch(plain.stdout, /Dockerfile is ignored; the server builds from it\n3 files, 44 B\n$/);
});

Deno.test("files says in one sentence what cannot be sent, and exits with 2", async () => {
  const cases: readonly (readonly [make: string, sentence: string])[] = [
    [`mkdir d && touch d/$'caf\\xe9'`, 'Cannot send "d/caf\uFFFD": its name is not valid UTF-8'],
    [`ln -s $'\\xff' d`, 'Cannot send "d": the target of this link is not valid UTF-8'],
    [`mkfifo $'p\\n'`, 'Cannot send "p\\n": it is a pipe'],
    [`mknod d c 1 3`, 'Cannot send "d": it is a device'],
    [`echo '[' > .dockerignore`, 'Cannot read ".dockerignore": line 1, "[", has a `[` without a proper range and `]`'],
    [`mkdir .dockerignore`, 'Cannot read ".dockerignore": it is a folder'],
  ];
  for (const [make, sentence] of cases) {
    await using folder = await tempFolder();
    await plant(folder.path, { "Dockerfile": "FROM busybox\n" });
    await run("bash", "-c", `cd ${folder.path} && ${make}`);
    const { code, stderr } = await files(folder.path);
    assertEquals([code, stderr.split("\n")[0]], [2, `error: ${sentence}`]);
  }
});

Deno.test("files names what its user may not read", async () => {
  await using folder = await tempFolder();
  await plant(folder.path, { "Dockerfile": "FROM busybox\n", "secret/a": "", "b": "" });
  await Deno.chmod(folder.path, 0o755);
  await Deno.chmod(`${folder.path}/secret`, 0o700);
  const program = `${folder.path}/mypaas`;
  await Deno.copyFile(MYPAAS, program);
  const command = new Deno.Command("setpriv", {
    args: ["--reuid=65534", "--regid=65534", "--clear-groups", program, "files", folder.path],
  });
  const { code, stderr } = await command.output();
  assertEquals(
    [code, new TextDecoder().decode(stderr).split("\n")[0]],
    [2, 'error: Cannot read "secret": permission denied'],
  );
});
