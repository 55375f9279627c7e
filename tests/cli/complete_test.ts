import { assert, assertEquals } from "@std/assert";
import { completeWords } from "../../src/cli/complete.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { processTerminal } from "../../src/host/terminal.ts";

const program = buildProgram({ version: "0", env: () => undefined, cwd: "/", terminal: processTerminal() });

function complete(...words: string[]) {
  return completeWords(program, words);
}

/** The words that may stand at the end. */
function words(...line: string[]): readonly string[] {
  return complete(...line).candidates.map(({ word }) => word).sort();
}

Deno.test("completeWords() knows the commands and what they do, and none that is hidden", () => {
  assert(["push", "plan", "completion", "help"].every((name) => words("").includes(name)));
  assert(!words("").some((name) => name.startsWith("_")));
  const [push] = complete("pus").candidates;
  assertEquals(push?.word, "push");
  assert(push?.description.startsWith("Send a Dockerfile"));
  assertEquals(words("keys", "r"), ["rename", "revoke", "rotate"]);
  assertEquals(words("help", "pus"), ["push"]);
  assertEquals(words("nonsense", ""), []);
});

Deno.test("completeWords() knows a command's options, those of the program, and no other's", () => {
  assertEquals(words("push", "lab", "--"), [
    "--also",
    "--dry-run",
    "--force",
    "--help",
    "--json",
    "--quiet",
    "--root",
    "--version",
    "--wait",
  ]);
  assertEquals(words("keys", "list", "--s"), ["--server"]);
  assertEquals(words("push", "--s"), []);
  assertEquals(words("logs", "--", "--s"), []);
});

Deno.test("completeWords() knows choices, of options and of arguments", () => {
  assertEquals(words("init", "--supervisor", ""), ["docker", "none", "systemd"]);
  assertEquals(words("init", "--supervisor", "d"), ["docker"]);
  assertEquals(words("completion", ""), ["bash", "fish", "zsh"]);
});

Deno.test("completeWords() takes a value behind = from any shell, and begins the word as that shell does", () => {
  assertEquals([words("init", "--supervisor=d"), complete("init", "--supervisor=d").prefix], [
    ["docker"],
    "--supervisor=",
  ]);
  // bash makes three words of it.
  for (const line of [["init", "--supervisor", "=", "d"], ["init", "--supervisor", "="]]) {
    assert(words(...line).includes("docker"));
    assertEquals(complete(...line).prefix, "");
  }
  assertEquals(complete("logs", "--server", "=", "lab", "").server, "lab");
});

Deno.test("completeWords() asks for names of services, servers and files where they belong", () => {
  const names = (...line: string[]) => complete(...line).names;
  assertEquals(names("logs", ""), "services");
  assertEquals([names("attach", ""), names("invite", "--scope", "")], ["services", "services"]);
  assertEquals(names("push", ""), "servers");
  assertEquals(names("ps", "--server", "l"), "servers");
  assertEquals(names("plan", "--server", "lab", "D"), "files");
  assertEquals(names("push", "lab", ""), "files");
  assertEquals(names("init", "--acme-ca", ""), "files");
  assertEquals(names("--root", ""), "files");
  assertEquals([names("push", "lab", "Dockerfile", ""), names("ps", "")], [undefined, undefined]);
});

Deno.test("completeWords() says where names are asked for", () => {
  const { server, root } = complete("--root", "/tmp/a", "logs", "--follow", "--tail", "5", "--server=lab", "b");
  assertEquals([server, root], ["lab", "/tmp/a"]);
  assertEquals(complete("logs", "--tail", "--server", "b").server, undefined);
});

Deno.test("completeWords() goes on behind an option that may have a value", () => {
  assertEquals(words("init", "--auto-domain", "--sup"), ["--supervisor"]);
  assertEquals(words("init", "--auto-domain", "--supervisor", "n"), ["none"]);
});
