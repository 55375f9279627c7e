import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Finding } from "../../src/doctor/finding.ts";
import { checkClock, checkDisks, checkMemory, checkSpools, type DiskFacts } from "../../src/doctor/machine.ts";

const MIB = 2 ** 20;
const DISK: DiskFacts = {
  paths: ["/var/lib/docker", "/"],
  free: 20_000 * MIB,
  total: 40_000 * MIB,
  reserve: 1000 * MIB,
  freeInodes: 900,
  inodes: 1000,
};

function disk(change: Partial<DiskFacts>): readonly Finding[] {
  return checkDisks([{ ...DISK, ...change }]);
}

function levels(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ level }) => level);
}

Deno.test("checkClock() warns of a clock that nothing keeps in step", () => {
  assertEquals(checkClock({ synchronised: true }), []);
  assertEquals(levels(checkClock({ synchronised: false })), ["warning"]);
});

Deno.test("checkMemory() names memory that is used up, and a small machine without swap", () => {
  const GIB = 1024 * MIB;
  assertEquals(checkMemory({ total: 2 * GIB, available: GIB, swap: 0 }), []);
  assertEquals(levels(checkMemory({ total: 2 * GIB, available: 90 * MIB, swap: 0 })), ["warning"]);
  assertEquals(levels(checkMemory({ total: 2 * GIB, available: 20 * MIB, swap: 0 })), ["fault"]);
  assertEquals(levels(checkMemory({ total: 512 * MIB, available: 300 * MIB, swap: 0 })), ["advice"]);
  assertEquals(checkMemory({ total: 512 * MIB, available: 300 * MIB, swap: GIB }), []);
});

Deno.test("checkDisks() tells a full disk from one that is nearly full, and names what is on it", () => {
  assertEquals(disk({}), []);
  assertEquals(levels(disk({ free: 1500 * MIB })), ["warning"]);
  const [full] = disk({ free: 500 * MIB });
  assertEquals(
    full?.message,
    "The disk of /var/lib/docker and / is full: 500 of 40000 MB are free, and pushes are refused",
  );
});

Deno.test("checkDisks() counts inodes, and none where a file system has no limit", () => {
  assertEquals(levels(disk({ freeInodes: 40 })), ["warning"]);
  assertEquals(levels(disk({ freeInodes: 5 })), ["fault"]);
  assertEquals(disk({ freeInodes: 0, inodes: 0 }), []);
});

Deno.test("checkSpools() warns of a spool that is full of what is needed", () => {
  const spool = { path: "/s", used: 90 * MIB, most: 100 * MIB };
  assertEquals(checkSpools([spool], "mypaas"), []);
  const [finding] = checkSpools([{ ...spool, used: 96 * MIB }], "mypaas --root /r");
  assertEquals(finding?.level, "warning");
  assertStringIncludes(finding?.fix ?? "", "mypaas --root /r init --spool-size 200m");
});
