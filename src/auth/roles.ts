import { AuthError, UsageError } from "../error.ts";
import { isScopeName } from "../wire/fields.ts";
import type { Role } from "../wire/role.ts";
import type { Actor } from "./actor.ts";

/** What may be asked over the network, and who may ask it. The code, the README and the tests read this one table. */
export interface CommandRule {
  /** What happens, in a few words. */
  readonly does: string;
  /** Method and path, as it is sent. */
  readonly request: string;
  /** `anyone`: without a signature. An admin may do all that `deploy` may. */
  readonly who: "anyone" | Role;
  /**
   * - `service`: acts on one service, which must be in the scope of the key
   * - `services`: tells of many; those outside of the scope are left out of the answer (`inScope`)
   * - `all`: acts on what all services use, so the key must be for all
   * - `server`: acts on the server
   */
  readonly on: "service" | "services" | "all" | "server";
}

export const commands = {
  hello: { does: "say who the server is", request: "GET /v1/hello", who: "anyone", on: "server" },
  login: { does: "register a key with an invite", request: "POST /v1/login", who: "anyone", on: "server" },
  missing: { does: "ask which blobs are lacking", request: "POST /v1/missing", who: "deploy", on: "service" },
  blobs: { does: "upload blobs", request: "PUT /v1/blobs", who: "deploy", on: "service" },
  deploy: { does: "push and deploy", request: "POST /v1/deploy", who: "deploy", on: "service" },
  events: { does: "follow a deploy", request: "GET /v1/deploys/{id}/events", who: "deploy", on: "service" },
  ps: { does: "list services", request: "GET /v1/services", who: "deploy", on: "services" },
  logs: { does: "read logs", request: "GET /v1/services/{service}/logs", who: "deploy", on: "service" },
  history: { does: "list releases", request: "GET /v1/services/{service}/releases", who: "deploy", on: "service" },
  verdict: {
    does: "wait until a release is past its first minute",
    request: "GET /v1/services/{service}/releases/{release}/verdict",
    who: "deploy",
    on: "service",
  },
  rollback: {
    does: "deploy an earlier release again",
    request: "POST /v1/services/{service}/rollback",
    who: "deploy",
    on: "service",
  },
  restart: {
    does: "replace the containers by new ones",
    request: "POST /v1/services/{service}/restart",
    who: "deploy",
    on: "service",
  },
  cancel: { does: "cancel a deploy", request: "POST /v1/services/{service}/cancel", who: "deploy", on: "service" },
  scale: {
    does: "change the number of containers",
    request: "POST /v1/services/{service}/scale",
    who: "admin",
    on: "service",
  },
  stop: { does: "stop a service", request: "POST /v1/services/{service}/stop", who: "admin", on: "service" },
  start: { does: "start a service", request: "POST /v1/services/{service}/start", who: "admin", on: "service" },
  remove: { does: "remove a service", request: "DELETE /v1/services/{service}", who: "admin", on: "service" },
  stats: { does: "show load and use", request: "GET /v1/stats", who: "deploy", on: "services" },
  "env-list": { does: "list variables", request: "GET /v1/services/{service}/env", who: "deploy", on: "service" },
  "env-get": {
    does: "read a variable",
    request: "POST /v1/services/{service}/env/{name}",
    who: "admin",
    on: "service",
  },
  "env-set": {
    does: "set and unset variables",
    request: "POST /v1/services/{service}/env",
    who: "admin",
    on: "service",
  },
  "registry-list": { does: "list registries", request: "GET /v1/registries", who: "admin", on: "all" },
  "registry-set": {
    does: "log in to and out of a registry",
    request: "POST /v1/registries",
    who: "admin",
    on: "all",
  },
  exec: {
    does: "run a command in a container",
    request: "POST /v1/services/{service}/exec",
    who: "admin",
    on: "service",
  },
  run: { does: "run a container once", request: "POST /v1/services/{service}/run", who: "admin", on: "service" },
  "keys-list": { does: "list keys", request: "GET /v1/keys", who: "admin", on: "server" },
  "keys-revoke": { does: "revoke a key", request: "DELETE /v1/keys/{id}", who: "admin", on: "server" },
  invite: { does: "invite a laptop", request: "POST /v1/invites", who: "admin", on: "server" },
  "keys-add": { does: "register a public key", request: "POST /v1/keys", who: "admin", on: "server" },
  "keys-rename": { does: "rename a key", request: "POST /v1/keys/{id}/name", who: "admin", on: "server" },
  "keys-rotate": {
    does: "put a new key in place of one's own",
    request: "POST /v1/keys/rotate",
    who: "deploy",
    on: "server",
  },
} as const satisfies Readonly<Record<string, CommandRule>>;

export type Command = keyof typeof commands;

/** What a key may do and where: a stored key, or the one that an invite will make. */
export interface Grant {
  readonly role: Role;
  /** Names of services; `*` for all. */
  readonly scope: readonly string[];
}

/**
 * Makes sure that an actor may do a command; the local one may do all.
 *
 * @param service the service it acts on; for every command on one service
 * @throws {UsageError} when a command on one service is given none
 * @throws {AuthError} naming the key, its role and its scope
 */
export function mayDo(actor: Actor, command: Command, service?: string): true {
  const { who, on }: CommandRule = commands[command];
  if (on === "service" && service === undefined) {
    throw new UsageError(`Cannot do "${command}": it needs the name of a service`);
  }
  if (actor.kind === "local" || who === "anyone") return true;
  if (who === "admin" && actor.role !== "admin") {
    throw new AuthError(`Cannot do "${command}": ${keyName(actor)} has the role "${actor.role}", it needs "admin"`, {
      hint: "Ask an admin of the server.",
    });
  }
  if (on === "all" && !actor.scope.includes("*")) {
    throw new AuthError(`Cannot do "${command}": ${keyName(actor)} is for ${scopeText(actor)}, it must be for all`, {
      hint: "Ask an admin of the whole server.",
    });
  }
  if (service !== undefined && !inScope(actor, service)) {
    throw new AuthError(
      `Cannot do "${command}" of "${service}": ${keyName(actor)} has the role "${actor.role}" for ${scopeText(actor)}`,
      { hint: `Ask an admin for an invite whose scope has "${service}".` },
    );
  }
  return true;
}

/** Whether a service is in the scope of an actor. */
export function inScope(actor: Actor, service: string): boolean {
  return actor.kind === "local" || actor.scope.includes("*") || actor.scope.includes(service);
}

/** Whether an actor may act on every service, also on one that is not there yet. */
export function isForAll(actor: Actor): boolean {
  return actor.kind === "local" || actor.scope.includes("*");
}

/**
 * Checks what an invite, or a key that is added, would give: never more than who gives it has.
 *
 * @param cannot begins the sentence
 * @throws {UsageError} when the scope is empty or has a name that no service can have
 * @throws {AuthError} naming what the actor lacks
 */
export function checkGrant(
  actor: Actor,
  grant: Grant,
  { cannot }: { readonly cannot: string } = { cannot: "Cannot invite" },
): void {
  if (grant.scope.length === 0) throw new UsageError(`${cannot}: the scope must name a service, or be "*"`);
  const wrong = grant.scope.find((name) => !isScopeName(name));
  if (wrong !== undefined) {
    throw new UsageError(`${cannot}: the scope has "${wrong}", allowed are "*" and names of services`);
  }
  const excess = excessOf(actor, grant);
  if (excess !== undefined) {
    throw new AuthError(`${cannot} with ${excess}: a key never grants more than it has, ${describeKey(actor)}`);
  }
}

/**
 * Checks that a key is not changed by one that has less.
 *
 * @throws {AuthError} naming what the actor lacks
 */
export function checkChange(
  actor: Actor,
  { verb, ...key }: Grant & { readonly name: string; readonly verb: "revoke" | "rename" },
): void {
  const excess = excessOf(actor, key);
  if (excess !== undefined) {
    throw new AuthError(`Cannot ${verb} the key "${key.name}": it has ${excess}, ${describeKey(actor)}`);
  }
}

/** Whether a key may do all there is: without one nobody can do it over the network. */
export function isFullAdmin({ role, scope }: Grant): boolean {
  return role === "admin" && scope.includes("*");
}

/** What a grant has that an actor has not; undefined when the actor has it all. */
function excessOf(actor: Actor, { role, scope }: Grant): string | undefined {
  if (actor.kind === "local") return undefined;
  if (role === "admin" && actor.role !== "admin") return `the role "${role}"`;
  const foreign = scope.find((name) => !inScope(actor, name));
  return foreign === undefined ? undefined : `"${foreign}" in its scope`;
}

function describeKey(actor: Actor): string {
  return actor.kind === "local" ? actor.name : `${keyName(actor)} has the role "${actor.role}" for ${scopeText(actor)}`;
}

function keyName({ name, id }: { readonly name: string; readonly id: string }): string {
  return `the key "${name}" (${id})`;
}

function scopeText({ scope }: { readonly scope: readonly string[] }): string {
  if (scope.includes("*")) return "all services";
  return scope.length === 0 ? "no service" : scope.map((name) => `"${name}"`).join(", ");
}
