import { advice, fault, type Finding, listed, warning } from "./finding.ts";

/** What the kernel says of its clock. */
export interface ClockFacts {
  /** Whether something keeps it in step with the world's. */
  readonly synchronised: boolean;
}

/** Requests are valid for a minute, certificates and invites have times too. */
export function checkClock({ synchronised }: ClockFacts): readonly Finding[] {
  if (synchronised) return [];
  return [
    warning(
      "Nothing keeps this machine's clock in step: a minute off, and the server refuses every laptop",
      "timedatectl set-ntp true (where that is not known: apt-get install systemd-timesyncd)",
    ),
  ];
}

/** Bytes, of `/proc/meminfo`. */
export interface MemoryFacts {
  readonly total: number;
  readonly available: number;
  readonly swap: number;
}

const MIB = 2 ** 20;
/** Less, and the kernel is about to end processes. */
const LEAST_AVAILABLE = 64 * MIB;
const SMALL_MACHINE = 1024 * MIB;
const MAKE_SWAP = "fallocate -l 2G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile " +
  "&& echo '/swapfile none swap sw 0 0' >>/etc/fstab";

export function checkMemory({ total, available, swap }: MemoryFacts): readonly Finding[] {
  const left = `${Math.round(available / MIB)} of ${Math.round(total / MIB)} MB`;
  if (available < LEAST_AVAILABLE) {
    return [fault(`Memory is used up: ${left} are left`, "docker stats --no-stream (shows who has it)")];
  }
  if (available < total / 20) {
    return [warning(`Memory is nearly used up: ${left} are left`, "docker stats --no-stream (shows who has it)")];
  }
  if (total < SMALL_MACHINE && swap === 0) {
    return [advice(`With ${Math.round(total / MIB)} MB of memory and no swap a build may be killed`, MAKE_SWAP)];
  }
  return [];
}

/** A disk, and what of ours is on it. */
export interface DiskFacts {
  /** Such as `/var/lib/docker`; more than one on one disk. */
  readonly paths: readonly string[];
  /** Bytes that can be written. */
  readonly free: number;
  readonly total: number;
  /** What uploads and builds leave free: below it they are refused. */
  readonly reserve: number;
  /** 0 of 0 where the file system has no such limit. */
  readonly freeInodes: number;
  readonly inodes: number;
}

export function checkDisks(disks: readonly DiskFacts[]): readonly Finding[] {
  return disks.flatMap(({ paths, free, total, reserve, freeInodes, inodes }) => {
    const where = `The disk of ${listed(paths)}`;
    const [first = "/"] = paths;
    const space = `${Math.round(free / MIB)} of ${Math.round(total / MIB)} MB are free`;
    const mend = `docker builder prune; docker image prune -a (df -h ${first} and docker system df show what has it)`;
    const findings: Finding[] = [];
    if (free < reserve) findings.push(fault(`${where} is full: ${space}, and pushes are refused`, mend));
    else if (free < 2 * reserve) findings.push(warning(`${where} is nearly full: ${space}`, mend));
    if (inodes > 0 && freeInodes < inodes / 20) {
      const message = `${where} has ${freeInodes} of ${inodes} inodes left: so many files can still be made`;
      const show = `du --inodes -x -d 2 ${first} | sort -n | tail (shows who has them)`;
      findings.push(freeInodes < inodes / 100 ? fault(message, show) : warning(message, show));
    }
    return findings;
  });
}

/** A folder of what was pushed. */
export interface SpoolFacts {
  readonly path: string;
  /** Bytes on the disk. */
  readonly used: number;
  /** What it may have. */
  readonly most: number;
}

/** What no release needs is collected by itself, so a full one is full of what is needed. */
export function checkSpools(spools: readonly SpoolFacts[], command: string): readonly Finding[] {
  return spools.filter(({ used, most }) => used > 0.95 * most).map(({ path, used, most }) =>
    warning(
      `"${path}" is nearly full: ${Math.round(used / MIB)} of ${Math.round(most / MIB)} MB of what was pushed`,
      `${command} init --spool-size ${Math.ceil(2 * most / MIB)}m`,
    )
  );
}
