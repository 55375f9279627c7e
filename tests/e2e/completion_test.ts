import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MYPAAS, runProgram, sharedServer, succeeded } from "./lab.ts";
import { Pty } from "./pty.ts";

const server = sharedServer();

/** How each shell is started and made to say what it was told to run. */
const SHELLS = {
  bash: {
    command: "bash --noprofile --norc -i",
    begin: [
      "bind 'set enable-bracketed-paste off'",
      "source <(mypaas completion bash)",
      `mypaas() { local IFS='|'; echo "ran:$*;"; }`,
    ],
  },
  zsh: {
    command: "zsh -f -i",
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

async function begun(shell: keyof typeof SHELLS): Promise<Pty> {
  const { command, begin } = SHELLS[shell];
  const pty = new Pty(command, { env: surroundings(), cwd: `${server().folder}/projects` });
  await pty.type([...begin, `echo rea""dy`].map((line) => `${line}\r`).join(""));
  await pty.see(/ready\r\n/);
  return pty;
}

/**
 * Types a line with tab keys in it, and gives the words that the shell then runs; folders without the slash at their end,
 * which zsh takes away again.
 */
async function ran(pty: Pty, line: string): Promise<string> {
  await pty.type(`${line}\r`);
  const [, words = ""] = await pty.see(/ran:(.*?);\r?\n/);
  return words.replace(/\/$/, "");
}

Deno.test.beforeAll(async () => {
  succeeded(await server().push({ name: "shop", options: { domain: "none" } }));
  succeeded(await server().push({ name: "blog", options: { domain: "blog.localhost" } }));
  await Deno.mkdir(`${server().folder}/projects/my app`);
});

for (const shell of ["bash", "zsh"] as const) {
  Deno.test(`${shell} completes commands, options, choices, services, servers and files`, async () => {
    await using pty = await begun(shell);
    assertEquals(await ran(pty, "mypaas pu\tl\tsh\t"), "push|lab|shop");
    assertEquals(await ran(pty, "mypaas logs --ta\t5 b\t"), "logs|--tail|5|blog");
    assertEquals(await ran(pty, "mypaas keys rev\t--server l\tx"), "keys|revoke|--server|lab|x");
    assertEquals(await ran(pty, "mypaas ps --server=l\t"), "ps|--server=lab");
    assertEquals(await ran(pty, "mypaas logs --server lab s\t"), "logs|--server|lab|shop");
    assertEquals(await ran(pty, "mypaas init --supervisor sys\t"), "init|--supervisor|systemd");
    assertEquals(await ran(pty, "mypaas plan my\t"), "plan|my app");
    assertEquals(await ran(pty, "mypaas help comp\t"), "help|completion");
  });
}

Deno.test("zsh shows what each command does", async () => {
  await using pty = await begun("zsh");
  await pty.type("mypaas p\t\t");
  await pty.see(/plan +-- Tell what a deploy would do/);
  await pty.see(/push +-- Send a Dockerfile/);
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

  await using pty = await begun("bash");
  await pty.type(`MYPAAS_CONFIG=${folder}\r`);
  assertEquals(await ran(pty, "mypaas push 'l$(touch ran)'\t l\t"), "push|l$(touch ran)|l");
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
