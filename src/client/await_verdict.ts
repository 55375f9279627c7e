import { NotReadyError } from "../error.ts";
import { waitUntil } from "../wait.ts";
import { parseVerdict, type VerdictAnswer } from "../wire/verdict.ts";
import { BrokenConnection, type Connection } from "./connection.ts";

/** The minute itself, what taking back takes, and a server that is out of reach for a while. */
const TIMEOUT_MS = 10 * 60_000;
/** Pause before a question that was cut off is asked again. */
const REST_MS = 500;

/**
 * Waits until a release that has become live is past its first minute.
 *
 * @returns `kept`, or `replaced` when another one was deployed meanwhile
 * @throws {NotReadyError} when the server took it back, saying why
 */
export async function awaitVerdict(
  connection: Pick<Connection, "json">,
  { service, release, signal, restMs = REST_MS }: {
    readonly service: string;
    readonly release: number;
    readonly signal?: AbortSignal | undefined;
    /** In milliseconds; for tests. */
    readonly restMs?: number;
  },
): Promise<Exclude<VerdictAnswer["kind"], "taken-back">> {
  const path = `/v1/services/${encodeURIComponent(service)}/releases/${release}/verdict`;
  const verdict = await waitUntil(async () => {
    try {
      return await connection.json("GET", path, { parse: parseVerdict, signal });
    } catch (error) {
      if (error instanceof BrokenConnection) return undefined;
      throw error;
    }
  }, { what: `release ${release} of "${service}" stays`, timeoutMs: TIMEOUT_MS, intervalMs: restMs, signal });
  if (verdict.kind !== "taken-back") return verdict.kind;
  const { because, by } = verdict;
  throw new NotReadyError(`Cannot keep release ${release} of "${service}": ${because}`, {
    hint: by === undefined
      ? `See why with: mypaas logs ${service}.`
      : `The server went back by itself: release ${by} serves. See both with: mypaas history ${service}.`,
  });
}
