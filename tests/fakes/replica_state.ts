import type { ReplicaState } from "../../src/deploy/runtime.ts";

/** A replica that runs and has had no trouble; tests change what they are about. */
export const RUNNING: ReplicaState = {
  id: { service: "blog", release: 1, n: 1 },
  status: "running",
  ingressAddress: undefined,
  internalAddress: undefined,
  named: true,
  reaches: [],
  restarts: false,
  health: "none",
  healthOutput: "",
  pid: 1,
  restartCount: 0,
  exitCode: 0,
  oomKilled: false,
  error: "",
  startedAt: undefined,
};
