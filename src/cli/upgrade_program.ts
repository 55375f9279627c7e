import { MyPaasError, UsageError } from "../error.ts";
import { listedDigest, releasesUrl } from "../setup/release.ts";
import { compareVersions, isVersion } from "../wire/version.ts";
import type { CliContext } from "./context.ts";
import type { UpgradeCommandRequest } from "./upgrade.ts";

/** How a program that was run ended. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `upgrade` needs of this machine. */
export interface UpgradeDoors {
  /** URLs that programs were installed from, the nearest first. */
  readonly remembered: () => Promise<readonly string[]>;
  readonly remember: (url: string) => Promise<void>;
  /** Name of the compressed program for this machine; undefined when none is made for it. */
  readonly file: string | undefined;
  readonly text: (url: string) => Promise<string>;
  readonly download: (
    download: { readonly url: string; readonly sha256: string | undefined; readonly to: string },
  ) => Promise<void>;
  /** The URL of a file of this machine; undefined when there is none at the path. */
  readonly fileUrl: (path: string) => Promise<string | undefined>;
  /** Runs a program without a terminal, at most a minute. */
  readonly run: (program: string, args: readonly string[]) => Promise<Ended>;
  readonly replace: (next: string, current: string, old?: string) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
}

/** How an upgrade ended, or what it would do. */
export interface UpgradeResult {
  readonly from: string;
  readonly to: string;
  readonly changed: boolean;
}

/** What to upgrade: one program, and with it the server, where there is one. */
export interface UpgradeTarget {
  /** Absolute, links resolved. */
  readonly binary: string;
  /** Whether the program at `binary` is all that there is to upgrade to this version. */
  readonly isDone: (version: string) => Promise<boolean>;
  /** Whether another program may take over here; throws a sentence when it may not. */
  readonly check: (program: string, version: string) => Promise<void>;
  /** Puts `next` in the place of `binary`, and has it take over; undefined: it is there already. */
  readonly takeOver: (
    next: string | undefined,
    versions: { readonly from: string; readonly to: string },
  ) => Promise<void>;
}

/**
 * Brings a program to another version. Until the last step, which is a rename, nothing has changed.
 *
 * @throws {MyPaasError} what is not there, was damaged, does not run, or does not come up; the version before is there then
 */
export async function upgrade(
  request: UpgradeCommandRequest,
  { terminal }: { readonly terminal: Pick<CliContext["terminal"], "err"> },
  { target, doors }: { readonly target: UpgradeTarget; readonly doors: UpgradeDoors },
): Promise<UpgradeResult> {
  const { binary } = target;
  const place = await findPlace(request, doors);
  const from = await versionOf(binary, doors);
  const to = place.version;
  if (to !== undefined) {
    const newer = compareVersions(to, from);
    if (request.check) return { from, to, changed: false };
    if (newer < 0 && request.to === undefined) {
      terminal.err(`${place.folder} has ${to}, which is older; to go back to it: mypaas upgrade --to ${to}`);
      return { from, to: from, changed: false };
    }
    if (newer === 0) {
      const changed = !await target.isDone(to);
      // An upgrade that was cut off behind its rename.
      if (changed) await target.takeOver(undefined, { from, to });
      return { from, to, changed };
    }
  } else if (request.check) {
    throw new UsageError("Cannot check: --from names a program, not a folder of releases");
  }

  const next = `${binary}.upgrade`;
  if (to !== undefined) terminal.err(`downloading mypaas ${to}`);
  await doors.download({ url: place.url, sha256: place.sha256, to: next });
  try {
    const told = await testRun(next, { to, doors });
    await target.check(next, told);
    await target.takeOver(next, { from, to: told });
    if (place.folder !== undefined) await doors.remember(place.folder);
    return { from, to: told, changed: true };
  } finally {
    await doors.remove(next);
  }
}

interface Place {
  readonly url: string;
  readonly sha256: string | undefined;
  /** Undefined: the program itself tells. */
  readonly version: string | undefined;
  /** The URL of the releases. */
  readonly folder: string | undefined;
}

async function findPlace({ from, to, check }: UpgradeCommandRequest, doors: UpgradeDoors): Promise<Place> {
  const program = from === undefined || from.includes("://") ? undefined : await doors.fileUrl(from);
  if (program !== undefined) {
    if (to !== undefined) throw new UsageError("Cannot choose a version: --from names a program, which has its own");
    return { url: program, sha256: undefined, version: undefined, folder: undefined };
  }
  const given = from ?? (await doors.remembered())[0];
  if (given === undefined) {
    throw new UsageError("Cannot upgrade: nothing tells where this program was installed from", {
      hint: "Name the place: mypaas upgrade --from https://... (or a program on this machine).",
    });
  }
  const folder = releasesUrl(given);
  const version = to?.replace(/^v/, "") ?? (await doors.text(`${folder}/VERSION`)).trim();
  if (!isVersion(version)) {
    throw new UsageError(`Cannot upgrade to ${JSON.stringify(version.slice(0, 60))}: it is no version, such as 0.2.0`);
  }
  if (doors.file === undefined) {
    throw new MyPaasError("Cannot upgrade: no program is made for this kind of machine", {
      hint: `See what there is: ${folder}/${version}/SHA256SUMS`,
    });
  }
  const url = `${folder}/${version}/${doors.file}`;
  if (check) return { url, sha256: undefined, version, folder };
  const sha256 = listedDigest(await doors.text(`${folder}/${version}/SHA256SUMS`), doors.file);
  if (sha256 !== undefined) return { url, sha256, version, folder };
  throw new MyPaasError(`Cannot upgrade to ${version}: it has no ${doors.file}`, {
    hint: `See what there is: ${folder}/${version}/SHA256SUMS`,
  });
}

async function versionOf(binary: string, { run }: Pick<UpgradeDoors, "run">): Promise<string> {
  const { code, stdout, stderr } = await run(binary, ["--version"]);
  const version = stdout.trim();
  if (code === 0 && isVersion(version)) return version;
  throw new MyPaasError(`Cannot upgrade "${binary}": it does not tell its version`, { details: lastLines(stderr) });
}

/** Runs a program that was downloaded, before anything depends on it. */
async function testRun(
  program: string,
  { to, doors: { run } }: { readonly to: string | undefined; readonly doors: Pick<UpgradeDoors, "run"> },
): Promise<string> {
  const { code, stdout, stderr } = await run(program, ["--version"]);
  const version = stdout.trim();
  if (code !== 0 || !isVersion(version)) {
    throw new MyPaasError(`Cannot upgrade${to === undefined ? "" : ` to ${to}`}: the program does not run here`, {
      details: lastLines(stderr || stdout),
      hint: "Nothing was changed. Is it for this kind of machine?",
    });
  }
  if (to === undefined || version === to) return version;
  throw new MyPaasError(`Cannot upgrade to ${to}: the program says that it is ${version}`, {
    hint: "Nothing was changed.",
  });
}

/** The end of what a program said. */
export function lastLines(text: string): readonly string[] {
  return text.trim().split("\n").filter((line) => line !== "").slice(-10);
}
