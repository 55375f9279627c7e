import { assertEquals, assertRejects } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { Systemd } from "../../src/host/systemd.ts";

/** A stand-in for systemctl that writes down how it is called; `show` answers with `shown`. */
async function withSystemctl(
  shown: string,
  use: (systemd: Systemd, calls: () => Promise<readonly string[]>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const program = `${folder}/systemctl`;
  await Deno.writeTextFile(
    program,
    `#!/bin/sh
[ "$1" = show ] && { printf '%s' '${shown}'; exit; }
echo "$*" >>${folder}/calls
[ "$1" = restart ] && { echo "Job failed" >&2; exit 5; }
exit 0
`,
    { mode: 0o755 },
  );
  const calls = async () => (await Deno.readTextFile(`${folder}/calls`)).trim().split("\n");
  try {
    await use(new Systemd(program), calls);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("state() tells what the running process was started with", async () => {
  const child = new Deno.Command("sleep", { args: ["60"], env: { MYPAAS_CONTENT: "a-b" } }).spawn();
  try {
    const shown = `ActiveState=active\nUnitFileState=enabled\nMainPID=${child.pid}\n`;
    await withSystemctl(shown, async (systemd) => {
      assertEquals(await systemd.state("mypaas.service"), { enabled: true, active: true, content: "a-b" });
    });
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("state() of a unit that is not there is neither enabled nor active", async () => {
  await withSystemctl("ActiveState=inactive\nUnitFileState=\nMainPID=0\n", async (systemd) => {
    assertEquals(await systemd.state("mypaas.service"), { enabled: false, active: false, content: undefined });
  });
});

Deno.test("restarts() gives how often systemd started a unit again", async () => {
  await withSystemctl("NRestarts=4\n", async (systemd) => assertEquals(await systemd.restarts("mypaas.service"), 4));
});

Deno.test("enable() starts now and at every boot, disable() undoes both", async () => {
  await withSystemctl("ActiveState=active\nUnitFileState=enabled\nMainPID=0\n", async (systemd, calls) => {
    await systemd.reload();
    await systemd.enable("mypaas.service");
    await systemd.stop("mypaas.service");
    await systemd.disable("mypaas.service");
    assertEquals(await calls(), [
      "daemon-reload",
      "enable --now mypaas.service",
      "stop mypaas.service",
      "disable mypaas.service",
      "stop mypaas.service",
      "reset-failed mypaas.service",
    ]);
  });
});

Deno.test("a systemctl that fails is one sentence, with what it said", async () => {
  await withSystemctl("", async (systemd) => {
    const error = await assertRejects(() => systemd.restart("mypaas.service"), MyPaasError, "it ended with code 5");
    assertEquals(error.details, ["Job failed"]);
  });
  await assertRejects(() => new Systemd("/nowhere/systemctl").reload(), MyPaasError, "it is not on this machine");
});
