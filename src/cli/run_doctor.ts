import { counted, plainText } from "../client/plain_text.ts";
import type { CheckFinding, Level } from "../doctor/finding.ts";
import { type Check, runChecks } from "../doctor/run_checks.ts";
import { ExitCode } from "../error.ts";
import { endWith } from "../host/process.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { serverLayout } from "../setup/layout.ts";
import type { CliContext } from "./context.ts";
import type { DoctorCommandRequest } from "./doctor.ts";

/** Looks for faults, and fails when there is one: on a server at the server, anywhere else at a project and its servers. */
export async function runDoctor(request: DoctorCommandRequest, context: CliContext): Promise<void> {
  const checks = await checksOf(request, context);
  const findings = await runChecks(checks);
  show(findings, checks.length, context);
  if (findings.some(({ level }) => level === "fault")) endWith(ExitCode.failed);
}

async function checksOf(request: DoctorCommandRequest, context: CliContext): Promise<readonly Check[]> {
  const remote = request.server ?? context.env("MYPAAS_SERVER");
  const layout = serverLayout(context.root);
  const isServer = await new DiskServerFiles().find(layout.settings) !== undefined;
  if (remote === undefined && request.dockerfile === undefined && isServer) {
    return await (await import("./doctor_server.ts")).serverChecks(layout, context);
  }
  return await (await import("./doctor_project.ts")).projectChecks({ ...request, server: remote }, context);
}

const LABEL: Readonly<Record<Level, string>> = {
  fault: "fault:   ",
  warning: "warning: ",
  advice: "advice:  ",
  unknown: "unseen:  ",
};

/** What is wrong goes to standard output, which stays empty when nothing is. */
function show(findings: readonly CheckFinding[], checks: number, { json, terminal }: CliContext): void {
  if (json) {
    for (const { check, level, message, fix } of findings) {
      terminal.out(JSON.stringify({ kind: "finding", level, check, message, ...fix !== undefined && { fix } }));
    }
    return;
  }
  const of = (level: Level) => findings.filter((finding) => finding.level === level);
  for (const { level, message, fix } of (["fault", "warning", "advice", "unknown"] as const).flatMap(of)) {
    const print = (line: string) => level === "fault" || level === "warning" ? terminal.out(line) : terminal.err(line);
    print(LABEL[level] + plainText(message));
    if (fix !== undefined) print(`fix:     ${plainText(fix)}`);
  }
  const counts = [counted(of("fault").length, "fault"), counted(of("warning").length, "warning")];
  const wrong = of("fault").length + of("warning").length > 0;
  terminal.err(wrong ? counts.join(", ") : `nothing is wrong, by ${counted(checks, "check")}`);
}
