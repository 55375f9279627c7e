import { MYPAAS, type Ran } from "./lab.ts";

/** Runs the compiled program with `input` on its standard input, as in `echo ... | mypaas ...`. */
export async function piped(
  input: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const process = new Deno.Command(MYPAAS, {
    args: [...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs the program on a terminal of its own (script(1)), types each answer after its question; what was shown. */
export async function onTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, answer: string])[],
): Promise<string> {
  const command = [MYPAAS, ...args].join(" ");
  const process = new Deno.Command("script", {
    args: ["--quiet", "--return", "--flush", "--command", command, "/dev/null"],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writer = process.stdin.getWriter();
  const left = [...answers];
  let shown = "";
  let read = 0;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    shown += text;
    const [next] = left;
    if (next === undefined || !shown.slice(read).includes(next[0])) continue;
    read = shown.length;
    left.shift();
    await writer.write(new TextEncoder().encode(next[1]));
  }
  await writer.close().catch(() => {});
  await process.status;
  return shown;
}
