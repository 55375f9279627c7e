import type { DockerClient } from "./client.ts";
import { EngineError, engineReason, unlessStatus } from "./engine_error.ts";
import { type EngineProgress, inspectImage, progressError } from "./image_requests.ts";
import type { DockerStream } from "./request.ts";

/**
 * Reads a stream of progress to its end.
 *
 * @throws {EngineError} with status 200 for a failure that the stream tells
 */
export async function finish(
  client: DockerClient,
  request: DockerStream<EngineProgress>,
  signal: AbortSignal = new AbortController().signal,
): Promise<void> {
  for await (const line of client.stream(request, signal)) {
    const error = progressError(line);
    if (error !== undefined) throw new EngineError(request.action, { status: 200, reason: engineReason(error) });
  }
}

/** Whether an image is on the machine. */
export async function hasImage(client: DockerClient, image: string): Promise<boolean> {
  return await unlessStatus([404], client.run(inspectImage(image))) !== undefined;
}
