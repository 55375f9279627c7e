import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { MyPaasError } from "../../src/error.ts";
import type { Route } from "../../src/traefik/route.ts";
import { TraefikScene } from "./traefik_scene.ts";

/** A route without an address: Traefik answers 503 by it, and 404 where there is no route. */
function down(service: string): Route {
  const sites = [{ domain: `${service}.example`, path: "/", https: false }];
  return { service, sites, hsts: false, port: 80, addresses: [], holdSeconds: 0 };
}

Deno.test("TraefikTable against a real Traefik", async (t) => {
  await using scene = await TraefikScene.start();
  const table = await scene.table();

  await t.step("apply() returns when requests go by the new routes, every time", async () => {
    for (let i = 0; i < 8; i++) {
      await table.apply([down("web")]);
      assertEquals(await scene.status("web.example"), 503);
      await table.apply([]);
      assertEquals(await scene.status("web.example"), 404);
    }
  });

  await t.step("apply() lets the table that was asked for last stay, and does not write each one between", async () => {
    const before = scene.rendered;
    const names = Array.from({ length: 20 }, (_, i) => `s${i}`);
    await Promise.all(names.map((name) => table.apply([down(name)])));
    assertEquals(await scene.status("s19.example"), 503);
    assertEquals(await scene.status("s18.example"), 404);
    assertLess(scene.rendered - before, 4);
  });

  await t.step("apply() of a second daemon life is told apart from the first", async () => {
    const second = await scene.table();
    await second.apply([down("second")]);
    assertEquals(await scene.status("second.example"), 503);
  });

  await t.step("apply() says what Traefik did when it does not confirm, and leaves the file written", async () => {
    const stranger = await scene.table({ password: "wrong", timeoutMs: 300 });
    await assertRejects(() => stranger.apply([]), MyPaasError, "its API answered 401 for 0.3 s");
    await scene.stop();
    const impatient = await scene.table({ timeoutMs: 300 });
    const error = await assertRejects(() => impatient.apply([down("late")]), MyPaasError);
    assertStringIncludes(error.message, "Cannot see that Traefik uses the new routes: its API did not answer");
    assertStringIncludes(await Deno.readTextFile(scene.routesFile), "late.example");
  });

  await t.step("apply() is confirmed by a Traefik that starts meanwhile", async () => {
    const applied = table.apply([down("again")]);
    await scene.startAgain();
    await applied;
    assertEquals(await scene.status("again.example"), 503);
  });

  await t.step("nothing but the route file ever is in the folder that Traefik watches", async () => {
    using watched = Deno.watchFs(`${scene.folder}/routes`);
    await table.apply([down("watched")]);
    for await (const { paths } of watched) {
      assertEquals(paths, [scene.routesFile]);
      break;
    }
    assert([...Deno.readDirSync(`${scene.folder}/routes`)].every(({ name }) => name === "routes.yml"));
    assert([...Deno.readDirSync(scene.folder)].every(({ name }) => !name.endsWith(".tmp")));
  });
});
