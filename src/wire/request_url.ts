import { UsageError } from "../error.ts";
import { MAX_URL_LENGTH } from "./limits.ts";

/**
 * The address of a request as this side understands it. What names the host is the sender's, and may be anything.
 *
 * @throws {UsageError} when it is none, or too long
 */
export function urlOfRequest({ url }: Pick<Request, "url">): URL {
  if (url.length > MAX_URL_LENGTH) {
    throw new UsageError(`Cannot read the request: its address is longer than ${MAX_URL_LENGTH} characters`);
  }
  const parsed = URL.parse(url);
  if (parsed === null) throw new UsageError("Cannot read the request: its address is none");
  return parsed;
}
