import { assertEquals } from "@std/assert";
import { parseService } from "../../src/service/parse_service.ts";
import { type Compared, specChanges } from "../../src/service/spec_changes.ts";

/** A service by its option lines. */
function blog(...options: string[]): Compared {
  const lines = ["servicename = blog", ...options].map((option) => `# mypaas.${option}`);
  const { spec } = parseService([...lines, "FROM busybox"].join("\n"), "Dockerfile");
  return { spec, env: spec.env };
}

/** Each change in short: `scale 2, was 0`. */
function changes(next: Compared, old: Compared): readonly string[] {
  return specChanges(next, old).map(({ option, change, value, before }) =>
    before === undefined ? `${option} ${value} ${change}` : `${option} ${value}, was ${before}`
  );
}

Deno.test("specChanges() finds nothing between equal releases", () => {
  assertEquals(changes(blog("domain = a.example", "env = A=1"), blog("domain = a.example", "env = A=1")), []);
});

Deno.test("specChanges() tells every option as a Dockerfile writes it", () => {
  const all = blog(
    "domain = a.example",
    "url = https://b.example/shop",
    "volume = ~/blog:/data:ro",
    "port = 8080",
    "publish = 5353:53/udp",
    "publish = 5432:5433",
    "healthcheck = /up 1500ms 3s",
    "maxmem = 512m",
    "maxcpu = 1.5",
    "start-timeout = 2m",
    "drain-timeout = 9s",
    "stop-grace = 3",
    "hsts = true",
  );
  assertEquals(changes(all, blog()), [
    "url http://a.example/ added",
    "url https://b.example/shop added",
    "hsts true, was false",
    "volume ~/blog:/data:ro added",
    "port 8080, was 80",
    "publish 5353:53/udp added",
    "publish 5432:5433 added",
    "healthcheck /up 1500ms 3s added",
    "maxmem 512m added",
    "maxcpu 1.5 added",
    "start-timeout 120s, was 60s",
    "drain-timeout 9s, was 5s",
    "stop-grace 3s, was 10s",
  ]);
  assertEquals(changes(blog(), all).slice(0, 2), [
    "url http://a.example/ removed",
    "url https://b.example/shop removed",
  ]);
  assertEquals(changes(blog("scale = 2"), blog()), ["scale 2, was 0", "drain-timeout 30s, was 5s"]);
});

Deno.test("specChanges() names variables and build arguments, and never tells a value", () => {
  const old = blog("env = KEPT=1", "env = SECRET=hunter2", "env = GONE=hunter3", "buildarg = V=hunter4");
  const next = blog("env = KEPT=1", "env = SECRET=hunter5", "env = NEW=hunter6", "buildarg = V=hunter7");
  const found = specChanges(next, old);
  assertEquals(changes(next, old), ["env SECRET changed", "env NEW added", "env GONE removed", "buildarg V changed"]);
  assertEquals(JSON.stringify(found).includes("hunter"), false);
});
