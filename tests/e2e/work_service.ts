import { MYPAAS, type Ran, succeeded, type TestServer } from "./lab.ts";
import { PtyProgram } from "./pty.ts";

/** A page under its name, two variables, a volume; `big` is 10 MiB. */
const DOCKERFILE = [
  "# mypaas.servicename = work",
  "# mypaas.volume = data:/data",
  "# mypaas.stop-grace = 1s",
  "# mypaas.env = COLOUR=blue",
  "# mypaas.env = SHAPE=round",
  "FROM busybox",
  "RUN mkdir /pages && echo page > /pages/index.html && head -c 10485760 /dev/urandom > /big",
  "CMD trap 'exit 0' TERM; httpd -f -p 80 -h /pages & wait",
].join("\n");

/** Deploys the service `work`, in which commands are run. */
export async function deployWork(server: TestServer): Promise<void> {
  const folder = `${server.folder}/projects/work`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/Dockerfile`, `${DOCKERFILE}\n`);
  succeeded(await server.run(["deploy", `${folder}/Dockerfile`]));
}

/** Begins a command on the server, with pipes. */
export function begin(server: TestServer, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(MYPAAS, {
    args: ["--root", server.root, ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a command on the server with a pipe that has this and then ends. */
export async function runWithInput(
  server: TestServer,
  args: readonly string[],
  input: Uint8Array,
): Promise<Ran & { readonly bytes: Uint8Array<ArrayBuffer> }> {
  const child = begin(server, args);
  const writer = child.stdin.getWriter();
  // The command may end without it.
  writer.write(input).then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr), bytes: stdout };
}

/** A shell on a terminal of 24 rows and 80 columns, whose prompt is `pty> `, and the terminal's device. */
export async function openShell(): Promise<{ readonly pty: PtyProgram; readonly device: string }> {
  const pty = new PtyProgram(["sh"], { rows: 24, columns: 80 });
  await pty.type("PS1='pty> '; tty\r");
  const [device] = await pty.shows(/\/dev\/pts\/\d+/);
  await pty.shows(/\npty> /);
  return { pty, device };
}
