import { MyPaasError } from "../error.ts";
import { syncFolder } from "./files.ts";

// Volumes are copied by GNU tar, which every Debian and Ubuntu has: owners, modes, times in nanoseconds, links, sparse
// files, extended attributes and ACLs are its business, and it is native code. Its incremental mode
// (https://www.gnu.org/software/tar/manual/html_node/Incremental-Dumps.html) copies a folder twice: all of it while
// services write, then, while they stand still, what has changed, and the names of all that is there, by which what is gone
// is removed when both are unpacked one after the other.

const SHARED = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls"];
const CREATE = ["--create", "--format=posix", "--sparse", "--no-check-device", ...SHARED];
const EXTRACT = [
  "--extract",
  "--listed-incremental=/dev/null",
  "--same-owner",
  "--preserve-permissions",
  "--delay-directory-restore",
  ...SHARED,
];
/** tar's exit code when a file changed while it was read. */
const CHANGED = 1;
/** So much before its start counts as changed meanwhile: files' times come from a clock that ticks every few milliseconds. */
const TICK_SECONDS = 1;

/** @throws {MyPaasError} when this machine's tar is missing, or not GNU's */
export async function checkTar(): Promise<void> {
  const { code, stdout } = await output(["tar", "--version"]);
  if (code === 0 && stdout.includes("GNU tar")) return;
  throw new MyPaasError("Cannot copy volumes: there is no GNU tar on this machine", {
    hint: "Install it: apt-get install tar.",
  });
}

/**
 * Copies a folder in which others may write meanwhile.
 *
 * @param snapshot a file that is made: what `writeChanges` goes by
 */
export async function* readFolder(
  folder: string,
  snapshot: string,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  // What a program has mapped into its memory and not yet written back would be changed without its time being changed.
  await output(["sync", "--file-system", folder]);
  const args = [...CREATE, "--file=-", `--listed-incremental=${snapshot}`, `--directory=${folder}`, "."];
  const child = new Deno.Command("tar", { args, ...surroundings, stdin: "null", stdout: "piped" }).spawn();
  const errors = new Response(child.stderr).text();
  try {
    yield* child.stdout;
    const { code } = await child.status;
    if (code !== 0 && code !== CHANGED) throw failure(`copy "${folder}"`, await errors);
    await backdate(snapshot);
  } finally {
    end(child);
    await Promise.all([child.status, errors]);
  }
}

/**
 * Writes what has changed in a folder since `readFolder` began to a file, as fast as the disk takes it.
 *
 * @returns the names of files that changed all the same while they were read
 */
export async function writeChanges(
  folder: string,
  { snapshot, to }: { readonly snapshot: string; readonly to: string },
): Promise<readonly string[]> {
  // The mode is ours before anything is in it.
  (await Deno.open(to, { write: true, create: true, truncate: true, mode: 0o600 })).close();
  const args = [...CREATE, `--file=${to}`, `--listed-incremental=${snapshot}`, `--directory=${folder}`, "."];
  const { code, stderr } = await output(["tar", ...args]);
  if (code !== 0 && code !== CHANGED) throw failure(`copy "${folder}"`, stderr);
  return code === 0 ? [] : stderr.split("\n").flatMap((line) => /^\S*tar: (.*?): file changed/.exec(line)?.[1] ?? []);
}

/** Makes a folder what it was when it was copied; of both copies, first that of `readFolder`. On the disk when it returns. */
export async function fillFolder(folder: string, tar: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<void> {
  const args = [...EXTRACT, "--file=-", `--directory=${folder}`];
  const child = new Deno.Command("tar", { args, ...surroundings, stdin: "piped", stdout: "null" }).spawn();
  const errors = new Response(child.stderr).text();
  let written: unknown;
  try {
    const writer = child.stdin.getWriter();
    try {
      for await (const bytes of tar) await writer.write(bytes);
      await writer.close();
    } catch (error) {
      // tar has ended, and says why.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      written = error;
    }
    const { code } = await child.status;
    if (code !== 0 || written !== undefined) throw failure(`fill "${folder}"`, await errors);
  } finally {
    end(child);
    await Promise.all([child.status, errors]);
  }
  await output(["sync", "--file-system", folder]);
  await syncFolder(folder);
}

/** No variable of ours, such as a passphrase, goes to a child. */
const surroundings = {
  clearEnv: true,
  env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  stderr: "piped",
} as const;

async function output([program, ...args]: readonly [string, ...string[]]) {
  try {
    const command = new Deno.Command(program, { args, ...surroundings, stdin: "null", stdout: "piped" });
    const { code, stdout, stderr } = await command.output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { code: -1, stdout: "", stderr: `there is no ${program}` };
  }
}

function end(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function failure(action: string, stderr: string): MyPaasError {
  const lines = stderr.split("\n").map((line) => line.replace(/^\S*tar: /, ""))
    .filter((line) => line !== "" && !line.includes("Exiting with failure status"));
  const full = lines.some((line) => line.includes("No space left on device"));
  return new MyPaasError(`Cannot ${action}: ${full ? "the disk is full" : lines.at(0) ?? "tar failed"}`, {
    details: lines.slice(0, 20),
    hint: full ? "Free some space: df -h." : undefined,
  });
}

/**
 * Sets the time in a snapshot back. It begins with a line that names the format, then seconds and nanoseconds as text, each
 * with a NUL behind it (https://www.gnu.org/software/tar/manual/html_node/Snapshot-Files.html, format 2).
 */
async function backdate(snapshot: string): Promise<void> {
  using file = await Deno.open(snapshot, { read: true, write: true });
  const head = new Uint8Array(100);
  const count = await file.read(head) ?? 0;
  const [, line = "", seconds = ""] = /^(GNU tar-[^\n]*-2\n)(\d+)\0/.exec(latin1(head.subarray(0, count))) ?? [];
  if (seconds === "") {
    throw new Error(`the snapshot of tar begins with ${JSON.stringify(latin1(head.subarray(0, 40)))}`);
  }
  const earlier = String(Number(seconds) - TICK_SECONDS).padStart(seconds.length, "0");
  await file.seek(line.length, Deno.SeekMode.Start);
  await file.write(new TextEncoder().encode(earlier));
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
