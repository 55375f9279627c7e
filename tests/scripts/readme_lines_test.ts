import { assert, assertEquals } from "@std/assert";
import { CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { commandLine } from "../../scripts/readme_commands.ts";
import { CHECKOUT } from "../e2e/project.ts";
import { codeSpans, linesOf, readBlocks, README, TYPED_SECTIONS } from "../e2e/readme.ts";

/** What is typed nowhere in readme_test.ts: the test that runs it, and words of it by which that is seen. */
const RUN_ELSEWHERE: Readonly<Record<string, readonly [string, string]>> = {
  "apt-get install curl docker.io": ["scripts/setup", "docker.io"],
  "scripts/quickstart": ["tests/e2e/alone/quickstart_test.ts", '"scripts/quickstart"'],
  "scripts/test": [".ci/run", "scripts/test"],
  "scripts/release --url URL": ["tests/e2e/install_test.ts", 'scripts/release`, "--out", folder, "--url", URL'],
  "scripts/quickstart --remove": ["tests/e2e/alone/quickstart_test.ts", '"scripts/quickstart --remove"'],
  "scripts/setup": ["scripts/test", "check setup scripts/setup"],
  "source scripts/toolchain.sh": ["scripts/test", "\nsource scripts/toolchain.sh"],
  // Its parts: a test below says so.
  "deno task ok": ["scripts/test", "deno task --quiet test:unit"],
  "deno task": ["tests/e2e/alone/quickstart_test.ts", "deno task"],
  "scripts/compile": ["scripts/test", "check compile scripts/compile"],
  "mypaas push --wait": ["tests/e2e/alone/watch_test.ts", '"--wait"'],
  "mypaas upgrade": ["tests/e2e/alone/upgrade_test.ts", "upgrade under 100 requests/s"],
  "mypaas init --auto-domain": ["tests/e2e/first_page_test.ts", 'init("--auto-domain")'],
  "mypaas registry login images.example.org --username NAME": ["tests/e2e/registry_test.ts", '"--username"'],
  "source <(mypaas completion bash)": ["tests/e2e/completion_test.ts", '"bash"'],
  "mypaas completion fish | source": ["tests/e2e/completion_test.ts", '"fish"'],
  "mypaas invite --name you": ["tests/e2e/lab.ts", '"invite", "--name"'],
  "mypaas files": ["tests/e2e/files_test.ts", '"files"'],
  "mypaas keys add NAME KEY.pub --scope counter": ["tests/e2e/keys_test.ts", '["keys", "add"'],
  "mypaas login NAME LINE --key ~/.ssh/id_ed25519": ["tests/e2e/keys_test.ts", '"--key", key'],
  "mypaas push ssh://root@vm": ["tests/e2e/ssh_test.ts", '"push", `ssh://root@'],
  "mypaas login vm ssh://root@vm": ["tests/e2e/ssh_test.ts", '"login", "vm", `ssh://root@'],
  "mypaas exec -it counter --server ssh://root@vm -- sh": ["tests/e2e/ssh_test.ts", '"exec",'],
  "mypaas env set counter PASSWORD --secret": ["tests/e2e/secret_file_test.ts", '"--secret"'],
  "mypaas doctor --server NAME": ["tests/e2e/doctor_test.ts", '"doctor", "--server"'],
  "mypaas backup /root/server.backup": ["tests/e2e/backup_test.ts", 'mypaas("backup", path()'],
  "ssh root@server mypaas backup - --passphrase-file /root/passphrase >server.backup": [
    "tests/vm/backup_vm_test.ts",
    "mypaas backup - ",
  ],
  "mypaas restore server.backup": ["tests/e2e/backup_test.ts", 'mypaas("restore", '],
  "mypaas --root DIR ...": ["tests/e2e/lab.ts", '"--root"'],
};

const blocks = readBlocks(README).filter(({ language }) => language === "sh");
const lines = blocks.flatMap((block) => linesOf(block).map((line) => ({ section: block.section, line })));
/** What the text names as something to type. */
const typed = codeSpans(README).filter((span) => /(^|<\()(mypaas |scripts\/\w+ |deno |apt-get )./.test(`${span} .`))
  .filter((span) => span !== "mypaas");

/** The command line with nothing behind it. */
function parser(): CommandUnknownOpts {
  const program = commandLine();
  disarm(program);
  return program;
}

function disarm(command: CommandUnknownOpts): void {
  command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
  if (command.commands.length === 0) command.action(() => {});
  for (const sub of command.commands) disarm(sub);
}

/** What a shell hands to `mypaas` when a line is typed, with whatever else is in it. */
async function wordsOf(line: string): Promise<readonly string[]> {
  const record = 'mypaas() { printf "%s\\0" "$@" >&7; }; curl() { :; }; sh() { :; }; ssh() { shift; "$@"; }; eval "$1"';
  // In a folder of its own: a line may write a file.
  const script = `exec 7>&1 >/dev/null 2>&1; cd "$(mktemp -d)" && trap 'rm -r "$PWD"' EXIT; ${record}; :`;
  const { stdout } = await new Deno.Command("bash", { args: ["-c", script, "bash", line], stdin: "null" }).output();
  return new TextDecoder().decode(stdout).split("\0").slice(0, -1);
}

/** How commander takes a line. @returns the code of its refusal; undefined: it would run */
async function refusal(line: string): Promise<string | undefined> {
  const words = (await wordsOf(line)).filter((word) => word !== "...");
  try {
    await parser().parseAsync([...words], { from: "user" });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError) return `${error.code}: ${line}: ${error.message}`;
    throw error;
  }
}

/** Whether a span only names a command, such as `mypaas env set`. */
function namesCommand(span: string): boolean {
  const [mypaas, ...words] = span.split(" ");
  if (mypaas !== "mypaas") return false;
  let at: CommandUnknownOpts | undefined = parser();
  for (const word of words) at = at?.commands.find((command) => command.name() === word);
  return at !== undefined;
}

Deno.test("every mypaas line of README is one that the command line takes", async () => {
  const mypaas = lines.map(({ line }) => line).filter((line) => /\bmypaas [a-z-]/.test(line));
  const refusals = await Promise.all(mypaas.map(refusal));
  assertEquals(refusals.filter((one) => one !== undefined), []);
  assert(mypaas.length > 20);
});

Deno.test("every mypaas command in README's sentences is one that the command line takes, but for what is left out", async () => {
  const spans = typed.filter((span) => span.includes("mypaas"));
  const refusals = await Promise.all(spans.map(refusal));
  const wrong = refusals.filter((one) => !/^$|^commander\.(missing|help)/.test(one ?? ""));
  assertEquals(wrong, []);
  assert(spans.length > 10);
});

Deno.test("every line of README is run by a test, or its test is in the table here", async () => {
  const elsewhere = new Set<string>();
  const nowhere = [
    ...lines.map(({ line, section }) => ({
      text: line,
      here: (TYPED_SECTIONS as readonly string[]).includes(section),
    })),
    ...typed
      .map((text) => ({ text, here: namesCommand(text) || lines.some(({ line }) => line === text) })),
  ]
    .filter(({ text, here }) => {
      if (text in RUN_ELSEWHERE) elsewhere.add(text);
      return !here && !(text in RUN_ELSEWHERE);
    }).map(({ text }) => text);
  assertEquals([...new Set(nowhere)], []);
  assertEquals([...elsewhere].sort(), Object.keys(RUN_ELSEWHERE).sort(), "the table names lines that README has not");
  for (const [path, words] of Object.values(RUN_ELSEWHERE)) {
    const text = await Deno.readTextFile(`${CHECKOUT}/${path}`);
    assert(text.includes(words), `${path} has no ${words}`);
  }
});

Deno.test("scripts/test runs all parts of deno task ok", async () => {
  const { tasks: { ok } } = JSON.parse(await Deno.readTextFile(`${CHECKOUT}/deno.json`));
  const plain = (text: string) => text.replaceAll(" --quiet", "");
  const script = plain(await Deno.readTextFile(`${CHECKOUT}/scripts/test`));
  const parts = plain(ok.command).split(" && ");
  assertEquals([parts.length, parts.filter((part) => !script.includes(part))], [5, []]);
});

Deno.test("README's lines have no comment behind them: a shell that is typed in may take # for a word", () => {
  assertEquals(lines.filter(({ line }) => /(^|\s)#/.test(line)), []);
});

Deno.test("the flags that README names are flags of a command, the files files of this checkout", async () => {
  const known = new Set<string>();
  const collect = (command: CommandUnknownOpts): void => {
    for (const { long, short } of command.options) for (const flag of [long, short]) if (flag) known.add(flag);
    for (const sub of command.commands) collect(sub);
  };
  collect(parser());
  const flags = codeSpans(README).flatMap((span) => /^(--?[a-z-]+)/.exec(span)?.slice(1) ?? []);
  assertEquals(flags.filter((flag) => !known.has(flag) && flag !== "-it"), []);
  const files = codeSpans(README).flatMap((span) => /^((scripts|src|tests|examples)\/[\w./-]*)/.exec(span)?.[1] ?? []);
  for (const file of files) await Deno.stat(`${CHECKOUT}/${file}`);
  assert(files.length > 10);
});
