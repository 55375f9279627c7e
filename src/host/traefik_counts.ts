import { MyPaasError } from "../error.ts";
import { METRICS_PATH, parseMetrics, type TraefikCounts } from "../traefik/metrics.ts";
import { waitUntil } from "../wait.ts";
import { askTraefik, type TraefikAccess, traefikClient } from "./traefik_api.ts";

/** Traefik answers in milliseconds, or it is away. */
const TIMEOUT_MS = 5000;

/**
 * Asks Traefik what it has counted.
 *
 * @throws {MyPaasError} when it does not answer, or does not count: it was started before `init` told it to
 */
export async function traefikCounts(access: TraefikAccess): Promise<TraefikCounts> {
  using client = traefikClient(access);
  const { ok, status, text } = await waitUntil(async (signal) => {
    const response = await askTraefik(access, METRICS_PATH, { client, signal });
    return { ok: response.ok, status: response.status, text: await response.text() };
  }, { what: "Traefik tells its counters", timeoutMs: TIMEOUT_MS }).catch((cause: unknown) => {
    throw new MyPaasError("Cannot count requests: Traefik does not answer", {
      cause,
      hint: "Look at it with: docker ps --all --filter label=mypaas.part=traefik.",
    });
  });
  const counts = ok ? parseMetrics(text) : undefined;
  if (counts !== undefined) return counts;
  throw new MyPaasError(`Cannot count requests: Traefik does not tell its counters (it answered ${status})`, {
    hint: "Run mypaas init again: it starts Traefik with its present settings.",
  });
}
