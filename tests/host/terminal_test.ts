import { assertEquals } from "@std/assert";

const MODULE = new URL("../../src/host/terminal.ts", import.meta.url);

Deno.test("processTerminal() writes lines to both outputs and knows pipes from terminals", async () => {
  const code = `
    import { processTerminal } from ${JSON.stringify(MODULE)};
    const terminal = processTerminal();
    terminal.out(JSON.stringify([terminal.isTerminal, terminal.color, terminal.width() ?? null]));
    terminal.out("x".repeat(200_000));
    terminal.err("Grüße");
  `;
  const child = new Deno.Command(Deno.execPath(), { args: ["eval", "--no-lock", "--ext=ts", code], stdin: "null" });
  const { stdout, stderr, success } = await child.output();
  const [first = "", second] = new TextDecoder().decode(stdout).split("\n");
  assertEquals(JSON.parse(first), [{ stdin: false, stdout: false, stderr: false }, false, null]);
  assertEquals([second?.length, new TextDecoder().decode(stderr), success], [200_000, "Grüße\n", true]);
});
