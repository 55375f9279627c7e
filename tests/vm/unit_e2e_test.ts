import { assert, assertEquals } from "@std/assert";
import { CHECKOUT } from "../e2e/project.ts";
import { Vm } from "./vm.ts";

// The end-to-end tests once more, inside a VM: every daemon is a unit of its systemd with the text that `init` writes.

/** What the tests use beside docker.io, and scripts/setup_tests installs on a machine with a package manager. */
const PACKAGES = "zsh fish nodejs python3 redis-tools strace openssh-client e2fsprogs file";
/** Files of tests that are not about the daemon, or cannot run there: where, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  "tests/e2e/readme_test.ts": "it has a server of its own, made as README says",
  "tests/e2e/backup_test.ts": "it restores a server with the daemon it had; backup_vm_test.ts does that under the unit",
  "tests/e2e/examples_test.ts": "it makes base images of runtimes that this machine has and the VM has not",
};

Deno.test("the daemon passes the end-to-end tests under its systemd unit", async () => {
  const tools = await Deno.realPath(`${CHECKOUT}/.tools`);
  const binds = [...new Set([CHECKOUT, tools])].map((path) => `${path}:${path}`);
  await using vm = await Vm.start({ binds, flags: ["--cap-add", "SYS_PTRACE"] });
  await vm.sh(
    `{ apt-get update -q && apt-get install -qy --no-install-recommends ${PACKAGES}; } >/var/log/packages.log 2>&1`,
  );
  const files = Deno.env.get("MYPAAS_TEST_FILES") ?? "tests/e2e";
  const leftOut = ["tests/e2e/alone", ...Object.keys(LEFT_OUT)].join(",");
  const { code, stdout, stderr } = await vm.run(
    `cd '${CHECKOUT}' && source scripts/toolchain.sh && export NO_COLOR=1 MYPAAS_TEST_UNIT=1 DENO_JOBS=2
    deno test --quiet --allow-all --parallel --ignore=${leftOut} ${files}`,
  );
  console.log(stdout.slice(-60_000), stderr.slice(-10_000));
  const [, passed = "0"] = /^(?:ok|FAILED) \| (\d+) passed/m.exec(stdout) ?? [];
  assertEquals(code, 0, "the end-to-end tests in the VM failed");
  assert(Number(passed) > 0, "no test ran");
});
