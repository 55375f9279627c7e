import { MyPaasError } from "../error.ts";
import { errorOfResponse } from "../wire/error_body.ts";
import { KEEP_PATH, type KeepScope, parseKeepLine } from "../wire/keep.ts";
import { decodeLines } from "../wire/lines.ts";
import type { Gate } from "./receiver_handler.ts";

const ANSWER_MS = 60_000;

/**
 * Asks the daemon which blobs of a service stay.
 *
 * @throws {MyPaasError} when it does not answer, or not to the end
 */
export async function askKeepList(gate: Gate, service: string, scope: KeepScope): Promise<ReadonlySet<string>> {
  const path = `${KEEP_PATH}?${new URLSearchParams({ service, scope })}`;
  const answer = await gate.send(path, {
    method: "GET",
    headers: [],
    body: null,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!answer.ok) throw await errorOfResponse(answer);
  const kept = new Set<string>();
  for await (const json of decodeLines(answer.body ?? new Blob().stream())) {
    const line = parseKeepLine(json);
    if (line.kind === "end") return kept;
    for (const digest of line.digests) kept.add(digest);
  }
  throw new MyPaasError("Cannot read the keep-list: it stopped before its end");
}
