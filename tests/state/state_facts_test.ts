import { assertEquals, assertStringIncludes } from "@std/assert";
import { Database } from "../../src/state/database.ts";
import { SqliteReleaseStore } from "../../src/state/release_store.ts";
import { stateFacts } from "../../src/state/state_facts.ts";
import { stateDamage } from "../e2e/damage.ts";
import { SPEC } from "../deploy/bench_server.ts";

const COMMITTED = new Date("2026-11-22T12:00:00Z");
const MINUTE_MS = 60_000;

/** A state with a service of one release that was replaced and one that is live, open as a daemon has it. */
async function withState(use: (path: string, store: SqliteReleaseStore) => Promise<void> | void): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/state.db`;
    using database = new Database(path);
    const store = new SqliteReleaseStore(database);
    const at = COMMITTED.toISOString();
    for (const number of [1, 2]) {
      store.createRelease({ spec: SPEC, env: [], contentDigest: "", by: "test", at });
      store.setPlaces(SPEC.name, number, [{
        n: 1,
        ingressAddress: `172.21.0.${15 + number}`,
        internalAddress: "172.20.0.16",
      }]);
      store.commit(SPEC.name, number, at);
    }
    await use(path, store);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("stateFacts() gives what is live and what may still drain, beside an open daemon", async () => {
  await withState((path, store) => {
    const look = (minutes: number) =>
      stateFacts(path, new Date(COMMITTED.getTime() + minutes * MINUTE_MS)).releases.map((one) =>
        `${one.service}.${one.release} ${one.status} ${one.addresses}`
      );
    assertEquals(look(5), [`${SPEC.name}.1 ended 172.21.0.16`, `${SPEC.name}.2 live 172.21.0.17`]);
    assertEquals(look(120), [`${SPEC.name}.2 live 172.21.0.17`]);
    store.setServiceState(SPEC.name, "stopped");
    assertEquals(stateFacts(path, COMMITTED).resting, [SPEC.name]);
    assertEquals(stateFacts(path, COMMITTED).faults, []);
  });
});

Deno.test("stateFacts() gives the faults of a damaged state, and of one that is missing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/state.db`;
    new Database(path)[Symbol.dispose]();
    await using _damage = await stateDamage(path);
    assertEquals(stateFacts(path, COMMITTED).faults.length > 0, true);
    assertStringIncludes(stateFacts(`${folder}/none`, COMMITTED).faults.join(), "unable to open");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
