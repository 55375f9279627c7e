import { Database } from "../../src/state/database.ts";
import { SqliteReleaseStore } from "../../src/state/release_store.ts";
import { RouteBoard } from "../../src/deploy/route_board.ts";
import { rollOut, type RollOutParts } from "../../src/deploy/roll_out.ts";
import { reconcileAll } from "../../src/deploy/reconcile.ts";
import type { Route } from "../../src/traefik/route.ts";
import { completeSpec, type ServiceSpec } from "../../src/service/spec.ts";
import { MemoryRuntime } from "../fakes/memory_runtime.ts";
import { replicaName } from "../../src/service/names.ts";

export const SPEC: ServiceSpec = completeSpec({
  name: "blog",
  sites: [{ domain: "blog.example", path: "/", https: false }],
  volumes: [],
  port: 80,
  scale: 0,
  env: [],
  startTimeoutSeconds: 1,
  drainTimeoutSeconds: 1,
  stopGraceSeconds: 1,
});

/** A server in memory, but for its state, which is real SQLite: what the deploy module does is what is tested. */
export class BenchServer implements Disposable {
  readonly runtime = new MemoryRuntime();
  readonly database = new Database(":memory:");
  readonly store = new SqliteReleaseStore(this.database);
  /** Every table that was written. */
  readonly tables: (readonly Route[])[] = [];
  /** Numbers of releases. */
  readonly imagesRemoved = new Set<number>();
  parts = this.#parts();

  #parts(): RollOutParts {
    return {
      runtime: this.runtime,
      store: this.store,
      routes: new RouteBoard({
        apply: (routes) =>
          new Promise((resolve) => {
            this.runtime.beforeCall("write the routes");
            this.tables.push(routes);
            resolve();
          }),
      }),
      probes: {
        httpStatus: ({ address }) => Promise.resolve(this.runtime.answersAt(address) === undefined ? undefined : 200),
        oomKills: () => Promise.resolve(0),
        establishedConnections: () => Promise.resolve(0),
        listeners: (pid) =>
          Promise.resolve(this.runtime.listensIn(pid) ? [{ address: "0.0.0.0", port: SPEC.port }] : []),
      },
      builder: { removeImage: (_, release) => Promise.resolve(void this.imagesRemoved.add(release)) },
      ranges: {
        ingress: { first: "10.1.0.16", last: "10.1.0.99" },
        internal: { first: "10.2.0.16", last: "10.2.0.99" },
      },
      onUnfinished: () => {},
      log: () => {},
      ingressNetwork: "mypaas-ingress",
      now: () => new Date(),
      lingersMs: 0,
    };
  }

  /** The daemon comes back after a power cut: nothing but the state and the machine is left. */
  async restartDaemon(): Promise<void> {
    this.runtime.beforeCall = () => {};
    this.parts = this.#parts();
    const failed = await reconcileAll(this.parts, { report: () => {} });
    for (const error of failed.values()) throw error;
  }

  /** Deploys to the end of the tail. */
  async deploy(change: Partial<ServiceSpec> = {}): Promise<void> {
    const spec = { ...SPEC, ...change };
    const at = new Date().toISOString();
    const release = this.store.createRelease({ spec, env: [], contentDigest: "", by: "test", at });
    const { tail } = await rollOut(this.parts, release, {
      report: () => {},
      build: () => {
        this.store.setImage(spec.name, release.number, `${spec.name}:${release.number}`, "sha256:0");
        return Promise.resolve();
      },
    });
    await tail;
  }

  /**
   * Does something with a power cut at its nth change: nothing on the machine and nothing in the state changes after it.
   *
   * @returns whether it came that far
   */
  async cutPowerAt(nth: number, action: () => Promise<void>): Promise<boolean> {
    let calls = 0;
    let off = false;
    const needPower = () => {
      if (off) throw new Error("power cut");
    };
    this.runtime.beforeCall = () => {
      off ||= ++calls === nth;
      needPower();
    };
    const write = this.database.run.bind(this.database);
    this.database.run = (sql, ...values) => {
      needPower();
      return write(sql, ...values);
    };
    await action().catch(() => {});
    this.database.run = write;
    return off;
  }

  /** Addresses that the last written table sends the service's requests to. */
  routedTo(service = "blog"): readonly string[] {
    return this.tables.at(-1)?.find((route) => route.service === service)?.addresses ?? [];
  }

  /** Names of the replicas that answer at the routed addresses. */
  serving(): readonly string[] {
    return this.routedTo().flatMap((address) => {
      const state = this.runtime.answersAt(address);
      return state === undefined ? [] : [replicaName(state.id)];
    });
  }

  [Symbol.dispose](): void {
    this.database[Symbol.dispose]();
  }
}
