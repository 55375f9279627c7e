import { placesAfterFailure } from "../deploy/as_failed.ts";
import type { Origin, Release, ReleaseStatus, ReleaseStore, ReplicaPlace, ServiceState } from "../deploy/store.ts";
import { completeSpec, type EnvVariable, type ServiceSpec, type StoredSpec } from "../service/spec.ts";
import type { Database, Row } from "./database.ts";
import type { StateKey } from "./state_key.ts";

/** So many releases of a service are remembered; the oldest are forgotten. */
const MAX_RELEASES = 1000;

/** Releases in SQLite. Every write is one transaction, synced when it returns. */
export class SqliteReleaseStore implements ReleaseStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  createRelease(
    release: {
      readonly spec: ServiceSpec;
      readonly env: readonly EnvVariable[];
      readonly contentDigest: string;
      readonly origin?: Origin;
      readonly by: string;
      readonly at: string;
    },
  ): Release {
    const service = release.spec.name;
    const row = this.#database.get(
      `INSERT INTO releases (service, number, status, spec, env, content_digest, origin, by, created_at)
       VALUES (?, (SELECT coalesce(max(number), 0) + 1 FROM releases WHERE service = ?), 'pending', ?, ?, ?, ?, ?, ?)
       RETURNING *`,
      service,
      service,
      JSON.stringify(release.spec),
      this.#database.key.encrypt(JSON.stringify(release.env)),
      release.contentDigest,
      JSON.stringify(release.origin ?? { kind: "deploy" }),
      release.by,
      release.at,
    );
    if (row === undefined) throw new Error("INSERT ... RETURNING gave no row");
    this.#database.run(
      "DELETE FROM releases WHERE service = ? AND number <= ? AND status NOT IN ('pending', 'live')",
      service,
      Number(row["number"]) - MAX_RELEASES,
    );
    return this.#release(row);
  }

  release(service: string, number: number): Release | undefined {
    return this.#one("SELECT * FROM releases WHERE service = ? AND number = ?", service, number);
  }

  live(service: string): Release | undefined {
    return this.#one("SELECT * FROM releases WHERE service = ? AND status = 'live'", service);
  }

  allLive(): readonly Release[] {
    return this.#database.all("SELECT * FROM releases WHERE status = 'live' ORDER BY service").map(this.#release);
  }

  pending(): readonly Release[] {
    return this.#database.all("SELECT * FROM releases WHERE status = 'pending' ORDER BY service, number").map(
      this.#release,
    );
  }

  releases(service: string, limit: number): readonly Release[] {
    return this.#database
      .all("SELECT * FROM releases WHERE service = ? ORDER BY number DESC LIMIT ?", service, limit)
      .map(this.#release);
  }

  services(): readonly string[] {
    return this.#database.all("SELECT DISTINCT service FROM releases ORDER BY service").map((row) =>
      text(row, "service")
    );
  }

  setImage(service: string, number: number, image: string, imageId: string): void {
    this.#update("image = ?, image_id = ?", [image, imageId], service, number);
  }

  setPlaces(service: string, number: number, places: readonly ReplicaPlace[]): void {
    this.#update("places = ?", [JSON.stringify(places)], service, number);
  }

  setStep(service: string, number: number, step: string | undefined): void {
    this.#update("step = ?", [step ?? null], service, number);
  }

  setHeldAddress(service: string, number: number, address: string | undefined): void {
    this.#update("held_address = ?", [address ?? null], service, number);
  }

  serviceState(service: string): ServiceState {
    const row = this.#database.get("SELECT state FROM service_states WHERE service = ?", service);
    return row === undefined ? "running" : text(row, "state") as ServiceState;
  }

  setServiceState(service: string, state: ServiceState): void {
    if (state === "running") {
      this.#database.run("DELETE FROM service_states WHERE service = ?", service);
      return;
    }
    this.#database.run(
      "INSERT INTO service_states (service, state) VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state",
      service,
      state,
    );
  }

  forget(service: string): void {
    this.#database.transaction(() => {
      this.#database.run("DELETE FROM releases WHERE service = ? AND status <> 'pending'", service);
      this.#database.run("DELETE FROM env_values WHERE service = ?", service);
      this.#database.run(
        "DELETE FROM blob_lists WHERE service = ? AND release NOT IN (SELECT number FROM releases WHERE service = ?)",
        service,
        service,
      );
      this.setServiceState(service, "running");
    });
  }

  commit(service: string, number: number, at: string): void {
    this.#database.transaction(() => {
      this.#database.run(
        "UPDATE releases SET status = 'retired' WHERE service = ? AND status = 'live' AND number <> ?",
        service,
        number,
      );
      this.#update("status = 'live', held_address = NULL, ended_at = ?", [at], service, number);
      this.setServiceState(service, "running");
    });
  }

  fail(
    service: string,
    number: number,
    status: "failed" | "interrupted" | "cancelled",
    error: string,
    at: string,
  ): void {
    this.#database.transaction(() => {
      const held = this.release(service, number)?.heldAddress;
      this.#update(
        "status = ?, error = ?, ended_at = ?, step = NULL, held_address = NULL",
        [status, error, at],
        service,
        number,
      );
      const live = this.live(service);
      if (held === undefined || live === undefined) return;
      this.setPlaces(service, live.number, placesAfterFailure(live, held));
    });
  }

  setError(service: string, number: number, error: string): void {
    this.#update("error = ?", [error], service, number);
  }

  addressCursor(network: "ingress" | "internal"): string | undefined {
    const row = this.#database.get("SELECT address FROM address_cursors WHERE network = ?", network);
    return row === undefined ? undefined : text(row, "address");
  }

  setAddressCursor(network: "ingress" | "internal", address: string): void {
    this.#database.run(
      "INSERT INTO address_cursors (network, address) VALUES (?, ?) ON CONFLICT DO UPDATE SET address = excluded.address",
      network,
      address,
    );
  }

  readonly #release = (row: Row) => toRelease(row, this.#database.key);

  #one(sql: string, ...values: readonly (string | number)[]): Release | undefined {
    const row = this.#database.get(sql, ...values);
    return row === undefined ? undefined : this.#release(row);
  }

  #update(assignments: string, values: readonly (string | null)[], service: string, number: number): void {
    this.#database.run(
      `UPDATE releases SET ${assignments} WHERE service = ? AND number = ?`,
      ...values,
      service,
      number,
    );
  }
}

function toRelease(row: Row, key: Pick<StateKey, "decrypt">): Release {
  return {
    service: text(row, "service"),
    number: Number(row["number"]),
    status: text(row, "status") as ReleaseStatus,
    spec: completeSpec(JSON.parse(text(row, "spec")) as StoredSpec),
    env: JSON.parse(key.decrypt(text(row, "env"))) as readonly EnvVariable[],
    origin: JSON.parse(text(row, "origin")) as Origin,
    image: optionalText(row, "image"),
    imageId: optionalText(row, "image_id"),
    contentDigest: text(row, "content_digest"),
    places: JSON.parse(text(row, "places")) as readonly ReplicaPlace[],
    step: optionalText(row, "step"),
    heldAddress: optionalText(row, "held_address"),
    by: text(row, "by"),
    createdAt: text(row, "created_at"),
    endedAt: optionalText(row, "ended_at"),
    error: optionalText(row, "error"),
  };
}

/** The column as text. */
export function text(row: Row, column: string): string {
  return String(row[column]);
}

/** The column as text; undefined for NULL. */
export function optionalText(row: Row, column: string): string | undefined {
  const value = row[column];
  return value === null || value === undefined ? undefined : String(value);
}
