import { peersOf, reachedBy } from "../deploy/peers.ts";
import type { ContainerHandle } from "../deploy/runtime.ts";
import type { Release } from "../deploy/store.ts";
import { MyPaasError } from "../error.ts";
import { replicaName } from "../service/names.ts";
import { parseExecRequest, parseRunRequest, type SessionAnswer } from "../wire/sessions.ts";
import type { ApiParts, ApiRoute, Call, Result } from "./api.ts";
import { inPath, noSuchService, required, row } from "./route_row.ts";

/** A longer command is cut in the audit. */
const MAX_AUDIT_COMMAND = 1000;

/**
 * Requests of who works in a container. The daemon says who may and writes it down; the terminal is joined by the command
 * itself, which is root on the server, so the gate does not know them.
 */
export const SESSION_ROUTES: readonly ApiRoute[] = [
  { ...row("POST", "/v1/services/:name/exec", "exec"), doors: ["local"], service: inPath, audited: true, run: exec },
  { ...row("POST", "/v1/services/:name/run", "run"), doors: ["local"], service: inPath, audited: true, run },
];

async function exec(call: Call, { store, runtime }: ApiParts): Promise<Result> {
  const { command, replica } = parseExecRequest(call.takeBody());
  const { service, cannot, live } = known(call, store, "run a command in");
  if (live === undefined) throw notLive(cannot);
  const running = (await runtime.list(service)).filter(({ id, status }) =>
    id.release === live.number && status === "running"
  );
  if (running.length === 0) {
    const stopped = store.serviceState(service) === "stopped";
    throw new MyPaasError(`${cannot}: ${stopped ? "it is stopped" : `release ${live.number} does not run`}`, {
      hint: stopped
        ? `Start it with mypaas start ${service}, or use a container of its own: mypaas run ${service} -- COMMAND.`
        : `See why with mypaas logs ${service}, or use a container of its own: mypaas run ${service} -- COMMAND.`,
    });
  }
  const chosen = running.find(({ id }) => replica === undefined || id.n === replica);
  if (chosen === undefined) {
    throw new MyPaasError(`${cannot}: its replica ${replica} does not run`, {
      hint: `Those that run: ${running.map(({ id }) => replicaName(id)).join(", ")}.`,
    });
  }
  return answer(await runtime.containerOf(chosen.id), command);
}

async function run(call: Call, { store, runtime }: ApiParts): Promise<Result> {
  const { command, release: number, env, stdin, tty, owner } = parseRunRequest(call.takeBody());
  const { service, cannot, live } = known(call, store, "run a container of");
  const release = number === undefined ? live : store.release(service, number);
  if (release === undefined) {
    if (number === undefined) throw notLive(cannot);
    throw new MyPaasError(`${cannot}: it has no release ${number}`, {
      hint: `See what there is with: mypaas history ${service}`,
    });
  }
  const { image, spec } = release;
  if (image === undefined) throw new MyPaasError(`${cannot}: release ${release.number} was not built`);
  const own = release.env.filter(({ name }) => !env.some((variable) => variable.name === name));
  const container = await runtime.createOneOff({
    service,
    release: release.number,
    image,
    spec,
    env: [...own, ...env],
    reaches: [...(peersOf(store, service) === undefined ? [] : [service]), ...reachedBy(store, service)],
    command,
    stdin,
    tty,
    owner,
  });
  return answer(container, command);
}

/** The audit names the container and the command; never a value of the environment. */
function answer({ id, name }: ContainerHandle, command: readonly string[]): Result {
  const words = command.map(quoted).join(" ");
  const shown = words.length > MAX_AUDIT_COMMAND ? `${words.slice(0, MAX_AUDIT_COMMAND)}...` : words;
  return {
    json: { id, name } satisfies SessionAnswer,
    subject: shown === "" ? name : `${name}: ${shown}`,
  };
}

/** A word as a shell would need it, on one line. */
function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word);
}

/** @throws {MyPaasError} when the service of the path is not there */
function known(
  { params, actor }: Call,
  store: ApiParts["store"],
  action: string,
): { readonly service: string; readonly cannot: string; readonly live: Release | undefined } {
  const service = required(params["name"], "name");
  const cannot = `Cannot ${action} "${service}"`;
  if (store.releases(service, 1).length === 0) throw noSuchService(cannot, actor, store);
  return { service, cannot, live: store.live(service) };
}

function notLive(cannot: string): MyPaasError {
  return new MyPaasError(`${cannot}: it has no live release`, { hint: "Push it first." });
}
