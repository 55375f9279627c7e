import { MyPaasError, UsageError } from "../error.ts";
import { inScope, isForAll } from "../auth/roles.ts";
import { type Actor, actorName } from "../auth/actor.ts";
import type { ReleaseStore } from "../deploy/store.ts";
import type { ApiRoute, Call } from "./api.ts";
import type { Asker } from "./asked.ts";

/** A row without what differs from route to route. */
type Row = Pick<ApiRoute, "method" | "path" | "command" | "doors" | "audited">;

/** A row of the API that both doors answer and that leaves no audit line; spread, and overwritten where it differs. */
export function row(method: ApiRoute["method"], pathname: string, command: ApiRoute["command"]): Row {
  return { method, path: new URLPattern({ pathname }), command, doors: ["local", "gate"], audited: false };
}

/** The service that the query names, for `ApiRoute.service`. @throws {UsageError} when it names more than one */
export function inQuery({ query }: Pick<Call, "query">): string | undefined {
  const [service, ...more] = query.getAll("service");
  if (more.length > 0) throw new UsageError("Cannot read the request: it names more than one service");
  return service;
}

/** The service that the path names as `:name`, for `ApiRoute.service`. */
export function inPath({ params }: Pick<Call, "params">): string | undefined {
  return params["name"];
}

/** Who asks for a release. */
export function asker({ actor }: Pick<Call, "actor">): Asker {
  const by = actorName(actor);
  return isForAll(actor) ? { by } : { by, mayAct: (service) => inScope(actor, service) };
}

/** A whole number of the query; undefined when it is not there. @throws {UsageError} for anything else */
export function wholeNumber({ query }: Pick<Call, "query">, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`Cannot read the request: "${name}" must be a whole number, not ${JSON.stringify(text)}`);
}

/** @throws {UsageError} when it is missing or empty */
export function required(value: string | undefined, name: string): string {
  if (value === undefined || value === "") throw new UsageError(`Cannot read the request: "${name}" is missing`);
  return value;
}

/**
 * The error about a service that is not there, with those that are and that the actor may know of.
 *
 * @param cannot begins the sentence, such as `Cannot stop "blog"`
 */
export function noSuchService(cannot: string, actor: Actor, store: Pick<ReleaseStore, "services">): MyPaasError {
  const known = store.services().filter((service) => inScope(actor, service));
  return new MyPaasError(`${cannot}: there is no such service`, {
    hint: known.length === 0 ? "No service was deployed yet." : `Services are: ${known.join(", ")}.`,
  });
}
