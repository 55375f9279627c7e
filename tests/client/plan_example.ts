import type { DeployPlan } from "../../src/wire/deploy_plan.ts";

/** A plan with something of everything. */
export const PLAN: DeployPlan = {
  service: "blog",
  release: 8,
  liveRelease: 7,
  alreadyLive: false,
  order: "stop-first",
  because: "scale is 0: there are never two containers at once",
  steps: ["create blog.8.1", "commit 8"],
  urls: ["http://blog.example/"],
  volumes: [
    { place: "the Docker volume blog.data", target: "/data", readOnly: false },
    { place: "/srv/mypaas/pages", target: "/pages", readOnly: true },
  ],
  publish: [{ hostPort: 5353, port: 53, protocol: "udp" }],
  changes: [
    { option: "scale", change: "changed", value: "0", before: "2" },
    { option: "env", change: "added", value: "KEY" },
  ],
  notes: ["no domain"],
};
