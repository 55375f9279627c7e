import type { Transport } from "../client/transport.ts";
import { MyPaasError } from "../error.ts";
import type { ServerSettings } from "../setup/settings.ts";
import { TimeoutError, waitUntil } from "../wait.ts";
import { parseHelloAnswer, parseInviteAnswer, parseKeys } from "../wire/answer_schemas.ts";
import { errorOfResponse } from "../wire/error_body.ts";
import type { InviteRequest } from "../wire/requests.ts";
import { parseJson } from "../wire/validate.ts";

type Daemon = Pick<Transport, "send">;

/** The line by which the first laptop logs in. */
export interface FirstInvite {
  /** `URL#<id>.<secret>....` */
  readonly line: string;
  /** The whole command to paste. */
  readonly command: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** A daemon starts in well under a second; this is for a machine that has much else to do. */
const START_TIMEOUT_MS = 30_000;

/** A new container that was started again so often does not come up. */
const MOST_RESTARTS = 3;

/**
 * Waits until the daemon of this server answers on its socket.
 *
 * @param logs the command that shows why it does not
 * @param restarts how often its supervisor has started it again; 0 where that is not known
 * @throws {MyPaasError} when it does not answer in time, or ends again and again
 */
export async function waitForDaemon(
  daemon: Daemon,
  serverId: string,
  { logs, restarts }: { readonly logs: string; readonly restarts: () => Promise<number> },
): Promise<void> {
  try {
    await waitUntil(async () => {
      if (await daemonAnswers(daemon, serverId)) return true;
      if (await restarts() < MOST_RESTARTS) return false;
      throw new MyPaasError("Cannot start the daemon: it ends again and again", { hint: `See what it says: ${logs}` });
    }, {
      what: "the daemon answers",
      timeoutMs: START_TIMEOUT_MS,
      intervalMs: 100,
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new MyPaasError(error.message, { hint: `See what it says: ${logs}`, cause: error });
  }
}

/** Whether the daemon of this server answers on its socket now. */
export async function daemonAnswers(daemon: Daemon, serverId: string): Promise<boolean> {
  try {
    return parseHelloAnswer(await ask(daemon, "/v1/hello")).serverId === serverId;
  } catch (error) {
    if (error instanceof MyPaasError) return false;
    throw error;
  }
}

/**
 * Makes an invite for the server's first administrator.
 *
 * @returns undefined when somebody can log in already
 */
export async function firstInvite(
  daemon: Daemon,
  settings: Pick<ServerSettings, "domain">,
): Promise<FirstInvite | undefined> {
  const keys = parseKeys(await ask(daemon, "/v1/keys"));
  if (keys.some(({ revokedAt }) => revokedAt === undefined)) return undefined;
  const request: InviteRequest = { name: "admin", role: "admin", scope: ["*"] };
  const { line, expiresAt } = parseInviteAnswer(await ask(daemon, "/v1/invites", request));
  const name = settings.domain?.split(".")[0] ?? "server";
  return { line, expiresAt, command: `mypaas login ${name} '${line}'` };
}

/** @throws {MyPaasError} when the daemon cannot be reached, refuses, or says something else than expected */
async function ask(daemon: Daemon, path: string, body?: unknown): Promise<unknown> {
  const response = await daemon.send(path, {
    method: body === undefined ? "GET" : "POST",
    ...body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
  });
  if (!response.ok) throw await errorOfResponse(response);
  return parseJson(new Uint8Array(await response.arrayBuffer()), `the daemon's answer to ${path}`);
}
