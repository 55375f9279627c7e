import { assertEquals } from "@std/assert";
import { planDeploy } from "../../src/deploy/plan.ts";
import { describeStep } from "../../src/deploy/step.ts";
import type { ServiceSpec } from "../../src/service/spec.ts";
import { SPEC } from "./bench_server.ts";

function plan(next: Partial<ServiceSpec>, old?: Partial<ServiceSpec>): readonly string[] {
  const release = (number: number, spec: Partial<ServiceSpec>) => ({
    service: "blog",
    number,
    spec: { ...SPEC, startTimeoutSeconds: 60, drainTimeoutSeconds: 5, stopGraceSeconds: 10, ...spec },
    places: [],
  });
  return planDeploy(release(8, next), old && release(7, old)).map(describeStep);
}

Deno.test("planDeploy() routes to the new address before the old one stops when scale is 0", () => {
  assertEquals(plan({}, {}), [
    "build blog:8",
    "create blog.8.1",
    "route to blog.8.1, hold 160 s",
    "drain blog.7.1",
    "stop blog.7.1",
    "start blog.8.1",
    "await-ready blog.8.1",
    "commit 8",
    "route to blog.8.1",
    "remove blog.7.1",
  ]);
});

Deno.test("planDeploy() brings all new replicas up before the old ones leave when scale is above 0", () => {
  assertEquals(plan({ scale: 2 }, { scale: 1 }), [
    "build blog:8",
    "create blog.8.1, blog.8.2",
    "start blog.8.1, blog.8.2",
    "await-ready blog.8.1, blog.8.2",
    "name blog.8.1, blog.8.2",
    "route to blog.8.1, blog.8.2",
    "commit 8",
    "unname blog.7.1",
    "drain blog.7.1",
    "stop blog.7.1",
    "remove blog.7.1",
  ]);
});

Deno.test("planDeploy() holds nothing when there was no release before", () => {
  assertEquals(plan({}), [
    "build blog:8",
    "create blog.8.1",
    "start blog.8.1",
    "await-ready blog.8.1",
    "route to blog.8.1",
    "commit 8",
  ]);
});

Deno.test("planDeploy() writes no route for a service without a domain", () => {
  assertEquals(plan({ sites: [] }, { sites: [] }), [
    "build blog:8",
    "create blog.8.1",
    "drain blog.7.1",
    "stop blog.7.1",
    "start blog.8.1",
    "await-ready blog.8.1",
    "commit 8",
    "remove blog.7.1",
  ]);
});

Deno.test("planDeploy() removes the route when the last domain goes", () => {
  assertEquals(plan({ sites: [], scale: 1 }, { scale: 1 }).slice(4, 8), [
    "name blog.8.1",
    "remove the route of blog",
    "commit 8",
    "unname blog.7.1",
  ]);
});

Deno.test("planDeploy() drains every old replica when a scaled service becomes non-scaling", () => {
  assertEquals(plan({ scale: 0 }, { scale: 3 }).slice(2, 5), [
    "route to blog.8.1, hold 160 s",
    "drain blog.7.1, blog.7.2, blog.7.3",
    "stop blog.7.1, blog.7.2, blog.7.3",
  ]);
});
