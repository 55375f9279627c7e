import { changeEnv, type EnvChange } from "../../src/client/env.ts";
import { Connection } from "../../src/client/connection.ts";
import type { NumberedEvent } from "../../src/wire/events.ts";
import { HandlerTransport } from "../fakes/handler_transport.ts";
import { type BenchDaemon, dockerfile } from "./bench_daemon.ts";

export const SECRET = "hunter2-0f9a";
export const BLOG = { Dockerfile: dockerfile("blog", "env = GREETING=hello", "env = PASSWORD", "env = TOKEN") };

/** The daemon as its client sees it, over the local door: sealing is the same over both. */
export function client(daemon: BenchDaemon): Connection {
  return new Connection(new HandlerTransport(daemon.local), { kind: "unsigned" }, () => new Date());
}

export function change(daemon: BenchDaemon, change: Partial<EnvChange>): ReturnType<typeof changeEnv> {
  return changeEnv(client(daemon), { service: "blog", set: [], unset: [], deploy: true, ...change });
}

export function values(values: Readonly<Record<string, string>>): EnvChange["set"] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

export function set(
  daemon: BenchDaemon,
  wanted: Readonly<Record<string, string>>,
  deploy = true,
): ReturnType<typeof changeEnv> {
  return change(daemon, { set: values(wanted), deploy });
}

/** Waits until a deploy has ended; the last event is how. */
export async function endOf(daemon: BenchDaemon, id: string | undefined): Promise<NumberedEvent | undefined> {
  const deploy = daemon.deploys.work.find(id ?? "");
  return deploy && (await daemon.events(deploy)).at(-1);
}

export function liveEnv(daemon: BenchDaemon): Readonly<Record<string, string>> {
  return Object.fromEntries(daemon.server.store.live("blog")?.env.map(({ name, value }) => [name, value]) ?? []);
}
