import { assertEquals, assertRejects } from "@std/assert";
import { Command } from "@commander-js/extra-typings";
import { execCommand, type ExecCommandRequest, runCommand, type RunCommandRequest } from "../../src/cli/exec.ts";

/** What the commands are asked for by a command line below `mypaas`. */
async function read(line: readonly string[]): Promise<ExecCommandRequest | RunCommandRequest> {
  const asked: (ExecCommandRequest | RunCommandRequest)[] = [];
  const note = (request: ExecCommandRequest | RunCommandRequest) => Promise.resolve(void asked.push(request));
  const program = new Command("mypaas").option("--json").option("--root <folder>");
  for (const command of [execCommand(note), runCommand(note)]) {
    program.addCommand(command.exitOverride().configureOutput({ writeErr: () => {} }));
  }
  await program.parseAsync([...line], { from: "user" });
  const [request] = asked;
  if (request === undefined) throw new Error("nothing was asked");
  return request;
}

const EXEC = { stdin: false, tty: false, env: [], server: undefined, user: undefined, folder: undefined };

Deno.test("exec leaves everything behind -- to the command, its own flags too", async () => {
  const command = ["sh", "-c", "ls -l", "--json", "--", "-x"];
  const asked = { ...EXEC, service: "blog", command, stdin: true, tty: true, replica: undefined };
  assertEquals(await read(["exec", "-it", "blog", "--", ...command]), asked);
  assertEquals(await read(["exec", "blog", "-i", "-t", "--", ...command]), asked);
  assertEquals(await read(["--root", "/x", "exec", "blog", "--", "ls", "-l"]), {
    ...EXEC,
    service: "blog",
    command: ["ls", "-l"],
    replica: undefined,
  });
});

Deno.test("exec and run read their flags, -e more than once", async () => {
  assertEquals(
    await read(["exec", "-u", "web:1", "-w", "/x", "-e", "A=1=2", "-e", "B", "--replica", "2", "blog", "--", "ls"]),
    { ...EXEC, service: "blog", command: ["ls"], env: ["A=1=2", "B"], user: "web:1", folder: "/x", replica: 2 },
  );
  assertEquals(await read(["run", "-t", "blog", "--release", "3", "--server", "lab"]), {
    service: "blog",
    command: [],
    stdin: false,
    tty: true,
    env: [],
    server: "lab",
    release: 3,
  });
});

Deno.test("exec needs a command, and flags of the command need --", async () => {
  await assertRejects(() => read(["exec", "blog"]), Error, "missing required argument 'command'");
  await assertRejects(() => read(["exec", "blog", "ls", "-l"]), Error, "unknown option '-l'");
  await assertRejects(() => read(["exec", "--replica", "0", "blog", "--", "ls"]), Error, "whole number from 1 on");
});
