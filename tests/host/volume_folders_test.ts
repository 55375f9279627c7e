import { assertEquals, assertRejects } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { VolumeFolders } from "../../src/host/volume_folders.ts";
import type { ServiceSpec, Volume } from "../../src/service/spec.ts";
import { SPEC } from "../deploy/bench_server.ts";

function bind(source: string, readOnly = false): Volume {
  return { kind: "bind", source, target: "/data", readOnly };
}

function service(name: string, ...volumes: readonly Volume[]): ServiceSpec {
  return { ...SPEC, name, volumes };
}

async function withRoot(test: (root: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/volumes`);
    await test(`${folder}/volumes`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a volume under ~ becomes a folder of the volume root", async () => {
  await withRoot(async (root) => {
    const folders = new VolumeFolders(root, () => []);
    assertEquals(await folders.ensure(bind("~/blog/data")), `${root}/blog/data`);
    assertEquals((await Deno.stat(`${root}/blog/data`)).isDirectory, true);
    assertEquals(await folders.path(bind(`${root}/other`)), `${root}/other`);
  });
});

Deno.test("a volume outside of the volume root is refused", async () => {
  await withRoot(async (root) => {
    const folders = new VolumeFolders(root, () => []);
    for (const source of ["/etc", "/", `${root}-other/x`, `${root}/../etc`, "~/../x", root, "~"]) {
      await assertRejects(() => folders.ensure(bind(source)), UsageError, "is not under");
    }
  });
});

Deno.test("a link that leads out of the volume root is refused", async () => {
  await withRoot(async (root) => {
    await Deno.symlink("/etc", `${root}/link`);
    await assertRejects(() => new VolumeFolders(root, () => []).ensure(bind("~/link")), UsageError, "is not under");
    await assertRejects(() => new VolumeFolders(root, () => []).ensure(bind("~/link/new")), UsageError, "is not under");
  });
});

Deno.test("a volume inside of another that a container can write to is refused, in both directions", async () => {
  await withRoot(async (root) => {
    await Deno.mkdir(`${root}/blog`);
    const deployed = [service("blog", bind("~/blog"), bind("~/deep/er"), bind("~/shared", true))];
    const folders = new VolumeFolders(root, () => deployed);
    for (const inner of ["~/blog/data", `${root}/blog/data`, "~/deep"]) {
      await assertRejects(() => folders.check(service("shop", bind(inner))), UsageError, 'a volume of "blog"');
      await assertRejects(() => folders.ensure(bind(inner)), UsageError, 'a volume of "blog"');
    }
    for (const fine of [bind("~/blog"), bind("~/blog2"), bind("~/shared/part"), bind("~/deep", true)]) {
      await folders.check(service("shop", fine));
    }
    await assertRejects(() => folders.check(service("web", bind("~/web"), bind("~/web/a"))), UsageError, "around");
  });
});

Deno.test("a folder that mypaas 0.5 has left in its ~ is not passed over for an empty one", async () => {
  await withRoot(async (root) => {
    const home = `${root}/../home`;
    const check = () => new VolumeFolders(root, () => [], { oldHome: home }).check(service("db", bind("~/db/data")));
    await Deno.mkdir(`${home}/db/data`, { recursive: true });
    await check();
    await Deno.mkdir(`${home}/_mypaas`);
    const error = await assertRejects(check, UsageError, `${home}/db/data is, which mypaas 0.5 used`);
    assertEquals(error.hint?.includes(`mv ${home}/db/data ${root}/db/data`), true);
    await Deno.mkdir(`${root}/db/data`, { recursive: true });
    await check();
  });
});

Deno.test("a link below the volume root is not followed, wherever it leads", async () => {
  await withRoot(async (root) => {
    await Deno.mkdir(`${root}/blog/deep`, { recursive: true });
    await Deno.mkdir(`${root}/shop`);
    await Deno.symlink("../shop", `${root}/blog/near`);
    await Deno.symlink("nothing", `${root}/blog/broken`);
    const folders = new VolumeFolders(root, () => []);
    for (const source of ["~/blog/near", "~/blog/near/new", "~/blog/broken"]) {
      await assertRejects(() => folders.ensure(bind(source)), UsageError, "is a symbolic link");
    }
    assertEquals(await folders.ensure(bind("~/blog/deep/new")), `${root}/blog/deep/new`);
  });
});

Deno.test("a volume inside of a folder that some container still has is refused", async () => {
  await withRoot(async (root) => {
    const mounted = () => Promise.resolve([{ service: "blog", source: `${root}/blog`, readOnly: false }]);
    const folders = new VolumeFolders(root, () => [], { mounted });
    await assertRejects(() => folders.ensure(bind("~/blog/sub")), UsageError, 'inside "');
    assertEquals(await folders.ensure(bind("~/blog")), `${root}/blog`);
  });
});

Deno.test("who may not act on all services gets no folder of another one, and none that is there already", async () => {
  await withRoot(async (root) => {
    for (const name of ["shop", "left", "blog"]) await Deno.mkdir(`${root}/${name}`);
    const folders = new VolumeFolders(root, () => []);
    const known = [service("shop", bind("~/shop")), service("blog", bind("~/blog"))];
    const owns = (live: ServiceSpec | undefined, ...volumes: readonly Volume[]) =>
      folders.checkOwner(service("blog", ...volumes), { known, live, mayAct: (name) => name === "blog" });
    await assertRejects(() => owns(undefined, bind("~/shop")), UsageError, '"shop" has it');
    await assertRejects(() => owns(undefined, bind("~/shop/sub", true)), UsageError, '"shop" has it');
    await assertRejects(() => owns(undefined, bind("~/left")), UsageError, "it is there already");
    await owns(undefined, bind("~/blog"), bind("~/new"));
    await owns(service("blog", bind("~/shop")), bind("~/shop"));
  });
});
