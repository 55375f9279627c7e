import { waitUntil } from "../../src/wait.ts";

/** A system call that succeeded. Lines are those of the trace: calls of other threads may be in between. */
export interface SystemCall {
  readonly name: string;
  /** The file of its first argument; of a rename the old path. */
  readonly path: string;
  /** The new path of a rename. */
  readonly to: string;
  readonly beginLine: number;
  readonly endLine: number;
}

const TRACED = "rename,renameat,renameat2,fsync,fdatasync,write,pwrite64,pwritev";

/** Watches how a process and all its threads write to files while something is done; needs root and strace(1). */
export async function systemCalls(pid: number, action: () => Promise<unknown>): Promise<readonly SystemCall[]> {
  const file = await Deno.makeTempFile({ prefix: "mypaas-strace-" });
  try {
    const strace = new Deno.Command("strace", {
      args: ["-f", "-y", "-s", "0", "-e", `trace=${TRACED}`, "-e", "signal=none", "-o", file, "-p", String(pid)],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      await waitUntil(async () => {
        const tasks = await Array.fromAsync(Deno.readDir(`/proc/${pid}/task`));
        const traced = await Promise.all(tasks.map(async ({ name }) => {
          const status = await Deno.readTextFile(`/proc/${pid}/task/${name}/status`).catch(() => "");
          return /^TracerPid:\t0$/m.test(status) ? "free" : "traced";
        }));
        return !traced.includes("free");
      }, { what: "strace watches all threads", timeoutMs: 10_000 });
      await action();
    } finally {
      // It lets go of the process and ends.
      strace.kill("SIGINT");
      await strace.status;
    }
    return parse((await Deno.readTextFile(file)).split("\n"));
  } finally {
    await Deno.remove(file);
  }
}

/** `77 fsync(12</a/b>) = 0`, in two lines when another thread came in between: `<unfinished ...>` and `<... fsync resumed>`. */
function parse(lines: readonly string[]): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, { readonly text: string; readonly line: number }>();
  for (const [line, text] of lines.entries()) {
    const [, thread = "", rest = ""] = /^(\d+) +(.*)$/.exec(text) ?? [];
    if (rest.endsWith("<unfinished ...>")) {
      unfinished.set(thread, { text: rest.replace(/ *<unfinished \.\.\.>$/, ""), line });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const begun = resumed === undefined ? { text: "", line } : unfinished.get(thread);
    const [, name = "", args = "", result = ""] = /^(\w+)\((.*)\) += (-?\d+)/.exec(begun?.text + (resumed ?? rest)) ??
      [];
    if (name === "" || begun === undefined || Number(result) < 0) continue;
    const paths = [...args.matchAll(/<([^>]*)>|"([^"]*)"/g)].map(([, file, plain]) => file ?? plain ?? "");
    const named = paths.filter((path) => path.startsWith("/"));
    calls.push({ name, path: named[0] ?? "", to: named[1] ?? "", beginLine: begun.line, endLine: line });
  }
  return calls;
}
