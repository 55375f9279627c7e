import { median } from "./median.ts";

const EMPTY_RUNS = 11;

/** Seconds that a compiled program takes that does nothing: the middle of some runs. */
export async function emptyProgramFloor(folder: string): Promise<number> {
  const program = `${folder}/empty`;
  await Deno.writeTextFile(`${folder}/empty.ts`, "export {};\n");
  const options = ["--quiet", "--no-config", "--no-code-cache", "--output", program];
  await run("deno", ["compile", ...options, `${folder}/empty.ts`]);
  const seconds: number[] = [];
  for (let n = 0; n < EMPTY_RUNS; n++) seconds.push(await timed(() => run(program, [])));
  return median(seconds);
}

/** `tar | gzip -1` of a folder into a socket of this machine. */
export async function tarFloor(folder: string): Promise<{ readonly seconds: number; readonly wireBytes: number }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let wireBytes = 0;
  const reading = (async () => {
    using socket = await listener.accept();
    const buffer = new Uint8Array(256 << 10);
    for (let read = await socket.read(buffer); read !== null; read = await socket.read(buffer)) wireBytes += read;
  })();
  const script = 'tar -C "$0" -cf - . | gzip -1 >"/dev/tcp/127.0.0.1/$1"';
  const seconds = await timed(async () => {
    await run("bash", ["-o", "pipefail", "-c", script, folder, String(listener.addr.port)]);
    await reading;
  });
  return { seconds, wireBytes };
}

/** Docker's own command line sends a folder to the classic builder, which builds nothing from it. */
export async function dockerFloor(folder: string): Promise<{ readonly seconds: number }> {
  const script = 'echo "FROM busybox" | DOCKER_BUILDKIT=0 docker build --quiet --file - "$0" >/dev/null 2>&1';
  return { seconds: await timed(() => run("bash", ["-o", "pipefail", "-c", script, folder])) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1000;
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], stdin: "null" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
