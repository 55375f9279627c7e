import deno from "./deno.json" with { type: "json" };

const { version } = deno;

// Before commander is loaded: scripts ask for the version often.
if (Deno.args.length === 1 && ["--version", "-V"].includes(Deno.args[0] ?? "")) {
  console.log(version);
} else {
  await main();
}

async function main(): Promise<void> {
  const { buildProgram } = await import("./src/cli/program.ts");
  const { processTerminal } = await import("./src/host/terminal.ts");
  // The machine's authorities beside Deno's own: a company, or a test, may have one.
  if (Deno.env.get("DENO_TLS_CA_STORE") === undefined) Deno.env.set("DENO_TLS_CA_STORE", "mozilla,system");
  const terminal = processTerminal();
  const env = (name: string) => Deno.env.get(name) || undefined;
  const program = buildProgram({ version, env, cwd: Deno.cwd(), terminal }, Deno.args[0]);
  try {
    await program.parseAsync(Deno.args, { from: "user" });
    // A daemon that was stopped leaves its deploys to the next one: nothing of them may go on behind its end.
    Deno.exit();
  } catch (error) {
    const { reportError } = await import("./src/cli/report.ts");
    const { lines, code } = reportError(error, {
      json: program.opts()["json"] === true,
      columns: terminal.isTerminal.stderr ? terminal.width() || undefined : undefined,
    });
    for (const line of lines) terminal.err(line);
    Deno.exit(code);
  }
}
