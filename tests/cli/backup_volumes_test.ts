import { assertEquals } from "@std/assert";
import { bindSources, groupSources, namedSources, strayBinds } from "../../src/cli/backup_volumes.ts";
import { completeSpec, type ServiceSpec } from "../../src/service/spec.ts";

function spec(name: string, ...sources: readonly string[]): ServiceSpec {
  return completeSpec({
    name,
    sites: [],
    volumes: sources.map((source) => ({
      kind: /^[~/]/.test(source) ? "bind" as const : "named" as const,
      source,
      target: "/data",
      readOnly: false,
    })),
    port: 80,
    scale: 0,
    env: [],
    startTimeoutSeconds: 1,
    drainTimeoutSeconds: 1,
    stopGraceSeconds: 1,
  });
}

Deno.test("bindSources() names each folder once, with all who write in it, and none that lies in another", () => {
  const specs = [
    spec("blog", "~/blog", "data"),
    spec("blog", "~/blog"),
    spec("web", "~/shared/", "/srv/mypaas/shared"),
    spec("shop", "~/shared/inner"),
    spec("wiki", "~/shared-too"),
    spec("other", "/mnt/disk/other"),
  ];
  assertEquals(
    bindSources(specs, "/srv/mypaas").map(({ folder, services }) => [folder, services]),
    [
      ["/srv/mypaas/blog", ["blog"]],
      ["/srv/mypaas/shared", ["shop", "web"]],
      ["/srv/mypaas/shared-too", ["wiki"]],
    ],
  );
  assertEquals(strayBinds(specs, "/srv/mypaas"), ["/mnt/disk/other"]);
});

Deno.test("groupSources() copies at one moment what belongs together", () => {
  const named = namedSources([
    { name: "blog.data", service: "blog", folder: "/v/blog.data" },
    { name: "shop.data", service: "shop", folder: "/v/shop.data" },
    { name: "web.data", service: "web", folder: "/v/web.data" },
  ]);
  const groups = groupSources([...named, ...bindSources([spec("web", "~/x"), spec("blog", "~/x")], "/srv")]);
  assertEquals(groups.map(({ services, sources }) => [services, sources.map(({ folder }) => folder)]), [
    [["shop"], ["/v/shop.data"]],
    [["blog", "web"], ["/v/blog.data", "/v/web.data", "/srv/x"]],
  ]);
});
