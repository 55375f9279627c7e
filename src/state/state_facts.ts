import { DatabaseSync } from "node:sqlite";
import type { OpenRelease, StateFacts } from "../doctor/state.ts";
import type { ReplicaPlace } from "../deploy/store.ts";
import { messageOf } from "../error.ts";
import { completeSpec, type StoredSpec } from "../service/spec.ts";
import type { Row } from "./database.ts";
import { text } from "./release_store.ts";

/** What was replaced so long ago has drained, in milliseconds. */
const DRAINED_MS = 60 * 60 * 1000;
/** More lines say nothing more. */
const MOST_FAULTS = 3;

/** Looks at a state without changing it, while a daemon has it open or not. A damaged one gives its faults. */
export function stateFacts(path: string, now: Date): StateFacts {
  try {
    using database = open(path);
    const { state } = database;
    const faults = state.prepare(`PRAGMA quick_check(${MOST_FAULTS})`).all()
      .map((row) => String(row["quick_check"])).filter((line) => line !== "ok");
    const since = new Date(now.getTime() - DRAINED_MS).toISOString();
    const releases = state.prepare(
      `SELECT service, number, status, spec, places FROM releases AS one
       WHERE status IN ('live', 'pending')
         OR (SELECT max(ended_at) FROM releases WHERE service = one.service) > ?
       ORDER BY service, number`,
    ).all(since).map(toRelease);
    const resting = state.prepare("SELECT service FROM service_states").all().map((row) => text(row, "service"));
    return { faults, releases, resting };
  } catch (error) {
    return { faults: [messageOf(error)], releases: [], resting: [] };
  }
}

function open(path: string) {
  const state = new DatabaseSync(path, { readOnly: true });
  return { state, [Symbol.dispose]: () => state.close() };
}

function toRelease(row: Row): OpenRelease {
  const status = text(row, "status");
  const places: readonly ReplicaPlace[] = JSON.parse(text(row, "places"));
  return {
    service: text(row, "service"),
    release: Number(row["number"]),
    status: status === "live" || status === "pending" ? status : "ended",
    spec: completeSpec(JSON.parse(text(row, "spec")) as StoredSpec),
    addresses: places.flatMap(({ ingressAddress }) => ingressAddress ?? []),
  };
}
