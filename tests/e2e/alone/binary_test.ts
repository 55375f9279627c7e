import { assertEquals, assertLessOrEqual, assertMatch } from "@std/assert";
import { importImage, removeImage, runContainer } from "../engine.ts";
import { MYPAAS, runProgram, succeeded } from "../lab.ts";
import { CHECKOUT } from "../project.ts";

const { version }: { version: string } = JSON.parse(await Deno.readTextFile(`${CHECKOUT}/deno.json`));

/** Runs a program of the machine and returns what it printed. */
async function output(program: string, args: readonly string[], cwd = "/"): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd }).output();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

Deno.test("dist/mypaas is an ELF program made by deno compile", async () => {
  using file = await Deno.open(MYPAAS);
  const header = new Uint8Array(64);
  await file.read(header);
  assertEquals([...header.subarray(0, 4)], [0x7f, 0x45, 0x4c, 0x46]);
  // What deno compile adds begins with this mark, right after the section headers of the runtime (elf(5)).
  const view = new DataView(header.buffer);
  const end = Number(view.getBigUint64(0x28, true)) + view.getUint16(0x3a, true) * view.getUint16(0x3c, true);
  await file.seek(end, Deno.SeekMode.Start);
  const mark = new Uint8Array(8);
  await file.read(mark);
  assertEquals(new TextDecoder().decode(mark), "d3n0l4nd");
});

Deno.test("dist/mypaas holds nothing of the tests and the scripts", async () => {
  const found = await new Deno.Command("grep", {
    args: ["--text", "--only-matching", "--extended-regexp", "class TestServer|function maskCode", MYPAAS],
  }).output();
  assertEquals({ code: found.code, text: new TextDecoder().decode(found.stdout) }, { code: 1, text: "" });
});

Deno.test("the same sources give the same bytes, without a path of the machine that compiled them", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-bytes-" });
  const programs = ["one", "two"].map((name) => `${folder}/${name}`);
  try {
    for (const program of programs) await output(`${CHECKOUT}/scripts/compile`, ["--output", program]);
    const sums = (await output("sha256sum", programs)).trim().split("\n").map((line) => line.split(" ")[0]);
    assertEquals(sums[0], sums[1]);
    const found = await new Deno.Command("grep", { args: ["--text", "-c", `${CHECKOUT}/src`, programs[0] ?? ""] })
      .output();
    assertEquals(new TextDecoder().decode(found.stdout).trim(), "0");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("dist/mypaas runs alone in an empty Debian root", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-root-" });
  const image = `mypaas-test-root:${crypto.randomUUID()}`;
  try {
    // The C library and its loader are what every Debian has; the program brings the rest.
    for (const [, library = ""] of (await output("ldd", [MYPAAS])).matchAll(/(\/\S+) \(0x/g)) {
      await Deno.mkdir(folder + library.slice(0, library.lastIndexOf("/")), { recursive: true });
      await Deno.copyFile(library, folder + library);
    }
    const tar = await new Deno.Command("tar", { args: ["-C", folder, "-c", "."] }).output();
    await importImage(image, tar.stdout);
    const options = { binds: [`${MYPAAS}:/mypaas:ro`] };
    const ran = await runContainer(image, ["/mypaas", "--version"], options);
    assertEquals(ran, { code: 0, output: `${version}\n` });
    assertMatch((await runContainer(image, ["/mypaas", "push", "--help"], options)).output, /Usage: mypaas push/);
  } finally {
    await removeImage(image).catch(() => {});
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("--version takes at most 1.5 times, push --help at most 2 times an empty compiled program", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mypaas-empty-" });
  try {
    await Deno.writeTextFile(`${folder}/empty.ts`, "export {};\n");
    const flags = ["--quiet", "--no-config", "--allow-all", "--no-prompt", "--no-code-cache"];
    await output(Deno.execPath(), ["compile", ...flags, "--output", `${folder}/empty`, `${folder}/empty.ts`], folder);
    const programs = {
      empty: [`${folder}/empty`],
      version: [MYPAAS, "--version"],
      help: [MYPAAS, "push", "--help"],
    };
    const times: Record<keyof typeof programs, number[]> = { empty: [], version: [], help: [] };
    const names = ["empty", "version", "help"] as const;
    for (let run = 0; run < 16; run++) {
      for (const name of names) {
        const [program = "", ...args] = programs[name];
        const started = performance.now();
        await output(program, args);
        if (run > 0) times[name].push(performance.now() - started);
      }
    }
    // What else the machine does only adds.
    const [empty, versionTime, help] = names.map((name) => Math.min(...times[name]));
    console.log(
      `fastest: empty ${empty?.toFixed(0)} ms, --version ${versionTime?.toFixed(0)} ms, help ${help?.toFixed(0)} ms`,
    );
    assertLessOrEqual(versionTime ?? Infinity, (empty ?? 0) * 1.5);
    assertLessOrEqual(help ?? Infinity, (empty ?? 0) * 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("mypaas exits 2 with a sentence and a hint for a command that is not there", async () => {
  const ran = await runProgram(["frobnicate"]);
  assertEquals(ran.code, 2);
  assertMatch(ran.stderr, /^error: .*frobnicate/);
  assertEquals(succeeded(await runProgram(["--version"])).stdout, `${version}\n`);
});
