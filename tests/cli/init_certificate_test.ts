import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import { ServerScene } from "./server_scene.ts";

/** Owners of files are changed, which only root can. */
const ignore = Deno.uid() !== 0;

Deno.test({
  name: "init tells what the certificate of the server's own domain waits for, and nothing once it is there",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const reason = "paas.example resolves to 1.2.3.4, not to this server";
    scene.certificates = [{ domain: "paas.example", state: "pending", reason }];
    const { err } = await scene.init({ domain: "paas.example" });
    assertStringIncludes(err.join("\n"), `warning: The server's domain has no certificate yet: ${reason}`);
    scene.certificates = [{ domain: "paas.example", state: "valid", notAfter: "2027-02-20T10:00:00Z" }];
    const { out: [told = ""] } = await scene.init({}, true);
    assertEquals(JSON.parse(told).warnings, undefined);
  },
});

Deno.test({
  name: "init gives Traefik a copy of what the authority is checked with, and makes it anew when that changed",
  ignore,
  async fn() {
    await using scene = await ServerScene.open();
    const acmeCa = `${scene.folder}/ca.pem`;
    const pem = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
    await assertRejects(
      () => scene.init({ acmeCa }),
      MyPaasError,
      `Cannot use --acme-ca "${acmeCa}": there is no such file`,
    );
    await Deno.writeTextFile(acmeCa, "private");
    await assertRejects(() => scene.init({ acmeCa }), MyPaasError, "it has no certificate (PEM)");
    await Deno.writeTextFile(acmeCa, pem("one"));
    await scene.init({ acmeCa });
    assertEquals(await Deno.readTextFile(scene.layout.acmeCa), pem("one"));
    await Deno.writeTextFile(acmeCa, pem("two"));
    assert((await scene.init()).err.some((line) => /^replace container .*-traefik$/.test(line)));
    await Deno.remove(acmeCa);
    assertEquals((await scene.init()).err.includes("nothing to change"), true);
  },
});
