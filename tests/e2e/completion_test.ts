import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MYPAAS, runProgram, sharedServer, succeeded } from "./lab.ts";
import { PtyProgram } from "./pty.ts";

const server = sharedServer();

/** How each shell is started and made to say what it was told to run. */
const SHELLS = {
  bash: {
    command: ["bash", "--noprofile", "--norc", "-i"],
    begin: [
      "bind 'set enable-bracketed-paste off'",
      "source <(mypaas completion bash)",
      `mypaas() { local IFS='|'; echo "ran:$*;"; }`,
    ],
  },
  zsh: {
    command: ["zsh", "-f", "-i"],
    begin: [
      "unsetopt zle_bracketed_paste prompt_cr 2>/dev/null; autoload -U compinit; compinit -u -D",
      "source <(mypaas completion zsh)",
      `mypaas() { local IFS='|'; echo "ran:$*;"; }`,
    ],
  },
} as const;

/** The environment in which a shell finds the program, the server of this test and a laptop that knows it. */
function surroundings(): Record<string, string> {
  const path = `${MYPAAS.slice(0, MYPAAS.lastIndexOf("/"))}:${Deno.env.get("PATH")}`;
  return { PATH: path, MYPAAS_ROOT: server().root, ...server().laptop(), NO_COLOR: "1" };
}

/** A person at a shell's terminal. */
class Typist {
  readonly #pty: PtyProgram;

  constructor(pty: PtyProgram) {
    this.#pty = pty;
  }

  /** Types a text, waits until the terminal shows what is looked for, and gives its first group. */
  async type(text: string, pattern: RegExp): Promise<string> {
    const before = this.#pty.shown.length;
    await this.#pty.type(text);
    await this.#pty.until(String(pattern), (shown) => pattern.test(shown.slice(before)));
    return pattern.exec(this.#pty.shown.slice(before))?.[1] ?? "";
  }

  /**
   * Types a line with tab keys in it, and gives the words that the shell then runs; a folder without the slash at its end,
   * which zsh takes away again.
   */
  async run(line: string): Promise<string> {
    return (await this.type(`${line}\r`, /ran:(.*?);\r?\n/)).replace(/\/$/, "");
  }
}

/** Gives a test a shell that completes, in the folder of the projects. */
async function inShell(shell: keyof typeof SHELLS, test: (typist: Typist) => Promise<void>): Promise<void> {
  const { command, begin } = SHELLS[shell];
  const pty = new PtyProgram(command, { env: surroundings() });
  const typist = new Typist(pty);
  try {
    const lines = [`cd ${server().folder}/projects`, ...begin, `echo rea""dy`];
    await typist.type(lines.map((line) => `${line}\r`).join(""), /ready\r\n/);
    await test(typist);
  } finally {
    await pty.type("\x15exit\r");
    await pty.end();
  }
}

Deno.test.beforeAll(async () => {
  succeeded(await server().push({ name: "shop", options: { domain: "none" } }));
  succeeded(await server().push({ name: "blog", options: { domain: "blog.localhost" } }));
  await Deno.mkdir(`${server().folder}/projects/my app`);
});

for (const shell of ["bash", "zsh"] as const) {
  Deno.test(`${shell} completes commands, options, choices, services, servers and files`, async () => {
    await inShell(shell, async (typist) => {
      assertEquals(await typist.run("mypaas pu\tl\tsh\t"), "push|lab|shop");
      assertEquals(await typist.run("mypaas logs --ta\t5 b\t"), "logs|--tail|5|blog");
      assertEquals(await typist.run("mypaas keys rev\t--server l\tx"), "keys|revoke|--server|lab|x");
      assertEquals(await typist.run("mypaas ps --server=l\t"), "ps|--server=lab");
      assertEquals(await typist.run("mypaas logs --server lab s\t"), "logs|--server|lab|shop");
      assertEquals(await typist.run("mypaas init --supervisor sys\t"), "init|--supervisor|systemd");
      assertEquals(await typist.run("mypaas plan my\t"), "plan|my app");
      assertEquals(await typist.run("mypaas help comp\t"), "help|completion");
    });
  });
}

Deno.test("zsh shows what each command does", async () => {
  await inShell("zsh", async (typist) => {
    await typist.type("mypaas p\t\t", /plan +-- Tell what a deploy would do[^]*push +-- Send a Dockerfile/);
  });
});

/** What fish offers for a line, a candidate and its description per line. */
async function fish(line: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("fish", {
    args: ["--no-config", "-c", "mypaas completion fish | source; complete -C $argv[1]", line],
    env: surroundings(),
    cwd: `${server().folder}/projects`,
  }).output();
  const decoder = new TextDecoder();
  assertEquals([code, decoder.decode(stderr)], [0, ""]);
  return decoder.decode(stdout);
}

Deno.test("fish completes commands, options, choices, services, servers and files, with descriptions", async () => {
  const lines = await Promise.all([
    "mypaas pu",
    "mypaas push ",
    "mypaas push lab sh",
    "mypaas logs s",
    "mypaas logs --server lab b",
    "mypaas ps --server=l",
    "mypaas init --supervisor sys",
    "mypaas logs --fol",
  ].map(fish));
  const [push = "", servers = "", folder, shop = "", blog = "", inOne = "", systemd, follow = ""] = lines;
  assert(push.startsWith("push\tSend a Dockerfile"), push);
  assertEquals(servers, `lab\thttps://127.0.0.1:${server().httpsPort}\n`);
  assertEquals(folder, "shop/\n");
  assertEquals(shop, "shop\tlive\n");
  assertEquals(blog, `blog\tlive http://blog.localhost:${server().httpPort}/\n`);
  assert(inOne.startsWith("--server=lab\t"), inOne);
  assertEquals(systemd, "systemd\n");
  assert(follow.startsWith("--follow\tgo on with new lines"), follow);
});

Deno.test("names are data: one that a shell could run is not offered, and nothing of it runs", async () => {
  const name = `l$(touch ${server().folder}/ran)`;
  const folder = `${server().folder}/evil`;
  await Deno.mkdir(folder);
  const servers = await Deno.readTextFile(`${server().folder}/laptop/servers.yml`);
  await Deno.writeTextFile(
    `${folder}/servers.yml`,
    `${servers}\n"${name}":\n${servers.split("\n").slice(1).join("\n")}`,
  );
  const offered = succeeded(await runProgram(["__complete", "--", "push", ""], { MYPAAS_CONFIG: folder }));
  assertStringIncludes(await Deno.readTextFile(`${folder}/servers.yml`), name);
  assertEquals(offered.stdout.split("\t")[0], "lab");
  assertEquals(offered.stdout.trim().split("\n").length, 1);

  await inShell("bash", async (typist) => {
    assertEquals(await typist.run(`MYPAAS_CONFIG=${folder}; mypaas pu\t`), "push");
    assertEquals(await typist.run("mypaas push 'l$(touch ran)'\t l\t"), "push|l$(touch ran)|l");
  });
  for (const path of [`${server().folder}/ran`, `${server().folder}/projects/ran`]) {
    assertEquals(await Deno.lstat(path).then(() => "there", () => "none"), "none");
  }
});

Deno.test("completion is silent, and soon, when a server does not answer or there is none", async () => {
  using deaf = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const line = `https://127.0.0.1:${deaf.addr.port}#${"ab".repeat(16)}.${"A".repeat(43)}`;
  const began = performance.now();
  for (const env of [{ ...server().laptop(), MYPAAS_SERVER: line }, { MYPAAS_ROOT: "/nonexistent" }]) {
    assertEquals(await runProgram(["__complete", "--", "logs", ""], env), { code: 0, stdout: "", stderr: "" });
  }
  assert(performance.now() - began < 5000);
});
