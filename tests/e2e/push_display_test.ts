import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as v from "valibot";
import { printedEvent } from "../../src/client/printed_events.ts";
import { TerminalModel } from "../client/terminal_model.ts";
import { jsonLines, MYPAAS, sharedServer, succeeded } from "./lab.ts";
import { PtyProgram } from "./pty.ts";

const server = sharedServer();

/** A site whose build writes so many lines, with the seconds that it takes, and is another one each time. */
async function project(name: string, { build = "true" }: { readonly build?: string } = {}): Promise<string> {
  const folder = `${server().folder}/projects/${name}`;
  await Deno.mkdir(folder, { recursive: true });
  const lines = [
    `# mypaas.servicename = ${name}`,
    `# mypaas.domain = ${name}.test`,
    "FROM busybox",
    "COPY changed /changed",
    `RUN ${build}`,
    'CMD ["sh", "-c", "trap exit TERM; httpd -f -p 80 -h / & wait"]',
  ];
  await Deno.writeTextFile(`${folder}/Dockerfile`, lines.join("\n") + "\n");
  await Deno.writeTextFile(`${folder}/changed`, crypto.randomUUID());
  return folder;
}

const TALK =
  'for i in 1 2 3 4 5 6 7 8; do echo "line $i of a build that says more than a narrow terminal shows"; sleep 0.2; done';

function pushOnTerminal(folder: string, columns: number, ...flags: string[]): PtyProgram {
  return new PtyProgram([MYPAAS, "push", "lab", folder, ...flags], { columns, rows: 24, env: server().laptop() });
}

/** What stands on the terminal after all; its cursor is seen, and at the start of a line. */
function standing({ shown }: PtyProgram, columns: number): readonly string[] {
  assert(!shown.includes("\x1b[?"), "the cursor, or the whole screen, was changed");
  const model = new TerminalModel(columns, 24);
  model.write(shown);
  assertEquals(model.cursor.column, 0, shown);
  for (const line of model.wrapped) assert(/^( |error|hint)/.test(line), `wider than the terminal: ${line}`);
  return model.text;
}

for (const columns of [80, 40]) {
  Deno.test(`a push draws what goes on, and leaves a clean terminal of ${columns} columns`, async () => {
    const terminal = pushOnTerminal(await project("talk", { build: TALK }), columns);
    const [drawn] = await terminal.shows(/\| line 4 of a build/);
    assert(drawn);
    assertEquals(await terminal.end(), 0, terminal.shown);
    const text = standing(terminal, columns);
    const all = text.join("\n").replaceAll(/\n {2,}/g, " ");
    assertMatch(all, /^talk: 2 files, \d+ B\nsent [\d.]+ k?B in [\d.]+ s\n\[ {2}0\.0 s\] talk release \d+\n/);
    assertMatch(all, /\[ +[\d.]+ s\] \[3\/3\] RUN for i in 1.*: [\d.]+ s\n/);
    assertMatch(all, /\[ +[\d.]+ s\] build talk:\d+: [\d.]+ s\n/);
    assertMatch(all, /\ntalk is live: release \d+, [\d.]+ s, sent [\d.]+ k?B.*\bhttp:\/\/talk\.test:\d+\//);
    assert(!all.includes("line 4 of a build"), "the log of a build that succeeded does not stay");
    // Each second is seen.
    assertMatch(terminal.shown, /RUN for i in .*: 1 s/);
  });
}

Deno.test("a build that fails leaves its whole log on the terminal", async () => {
  const terminal = pushOnTerminal(await project("broken", { build: `${TALK}; exit 3` }), 80);
  assertEquals(await terminal.end(), 4, terminal.shown);
  const text = standing(terminal, 80);
  const log = text.slice(text.indexOf("the log of the build:"));
  for (let i = 1; i <= 8; i++) {
    assert(log.some((line) => line.startsWith(`          | line ${i} of a build`)), `line ${i}: ${text.join("\n")}`);
  }
  assertMatch(text.join("\n"), /\nerror: Cannot build/);
});

Deno.test("Ctrl-C, SIGTERM and a reader that goes away leave the terminal clean", async () => {
  const slow = "sleep 60";
  const interrupted = pushOnTerminal(await project("slow", { build: slow }), 80);
  await interrupted.shows(/RUN sleep 60: 1 s/);
  await interrupted.type("\x03");
  await interrupted.shows(/Ctrl-C once more cancels it/);
  await interrupted.type("\x03");
  assertEquals(await interrupted.end(), 1, interrupted.shown);
  const text = standing(interrupted, 80).join("\n");
  assertMatch(text, /slow\.1 goes on by itself; follow it with: mypaas attach slow\.1 --server lab\n/);
  assertMatch(text, /error: Cannot finish the deploy "slow\.1": you cancelled it$/);

  const command = [
    "sh",
    "-c",
    'echo "process $$"; exec "$@"',
    "sh",
    MYPAAS,
    "push",
    "lab",
    await project("slow", { build: slow }),
  ];
  const killed = new PtyProgram(command, { columns: 80, rows: 24, env: server().laptop() });
  const [, pid] = await killed.shows(/process (\d+)/);
  await killed.shows(/RUN sleep 60: 1 s/);
  Deno.kill(Number(pid), "SIGTERM");
  assert(await killed.end() !== 0);
  standing(killed, 80);
  succeeded(await server().client(["cancel", "slow", "--server", "lab"]));

  const pipe = new Deno.Command("bash", {
    args: [
      "-c",
      '"$@" | head -1; echo "${PIPESTATUS[0]}"',
      "bash",
      MYPAAS,
      "push",
      "lab",
      await project("talk"),
      "--json",
    ],
    env: server().laptop(),
    stdin: "null",
  });
  const { stdout, stderr } = await pipe.output();
  assertMatch(new TextDecoder().decode(stdout), /^\{"kind":"\w+".*\}\n1\n$/);
  assertEquals(new TextDecoder().decode(stderr), "");
});

Deno.test("--quiet prints the addresses and errors, --json only events of its schema", async () => {
  const quiet = succeeded(await server().client(["push", "lab", await project("talk"), "--quiet"]));
  assertEquals([quiet.stdout, quiet.stderr], [`http://talk.test:${server().httpPort}/\n`, ""]);
  const failed = await server().client(["push", "lab", await project("broken", { build: "exit 3" }), "-q"]);
  assertEquals([failed.code, failed.stdout], [4, ""]);
  assertStringIncludes(failed.stderr, "error: Cannot build");
  const events = jsonLines(
    succeeded(await server().client(["push", "lab", await project("talk", { build: "echo hello" }), "--json"])),
  );
  for (const event of events) assertEquals<unknown>(v.parse(printedEvent, event), event);
  const kinds = new Set(events.map(({ kind }) => kind));
  for (const kind of ["scanned", "accepted", "log", "step", "live", "sent", "unled"]) assert(kinds.has(kind), kind);
  const both = await server().client(["push", "lab", await project("talk"), "--json", "--quiet"]);
  assertEquals(both.code, 2, both.stdout);
});

Deno.test("a project that was pushed elsewhere before is pushed here after a yes, or with --also", async () => {
  const folder = await project("talk");
  const laptop = server().laptop();
  const memory = `${laptop["MYPAAS_CONFIG"]}/pushed.json`;
  const elsewhere = [{
    folder,
    service: "talk",
    servers: [{ id: "00", name: "prod", url: "https://prod.example" }],
  }];
  const forget = () => Deno.writeTextFile(memory, JSON.stringify(elsewhere));
  await forget();
  const refused = await server().client(["push", "lab", folder]);
  assertEquals([refused.code, refused.stderr], [
    2,
    'error: Cannot push "talk" to "lab": it was pushed to prod (https://prod.example) before\n' +
    "hint:  To push it there as well, give --also.\n",
  ]);
  const answered = async (answer: string) => {
    const terminal = pushOnTerminal(folder, 80);
    await terminal.shows(
      /talk was pushed to prod \(https:\/\/prod\.example\) before; push it to lab as well\? \[y\/N\] /,
    );
    await terminal.type(answer);
    return { code: await terminal.end(), shown: terminal.shown };
  };
  const no = await answered("n\n");
  assertEquals(no.code, 1, no.shown);
  assertStringIncludes(no.shown, "you said no, and nothing was changed");
  const interrupted = await answered("\x03");
  assertEquals(interrupted.code, 1, interrupted.shown);
  assertStringIncludes(interrupted.shown, "interrupted, and nothing was changed");
  const yes = await answered("y\n");
  assertEquals(yes.code, 0, yes.shown);
  succeeded(await server().client(["push", "lab", folder]));
  await forget();
  succeeded(await server().client(["push", "lab", folder, "--also"]));
});
