import { DockerClient } from "../docker/client.ts";
import { EngineMachine } from "../docker/engine_machine.ts";
import { serverFacts } from "../host/server_facts.ts";
import { DiskServerFiles } from "../host/server_files.ts";
import { Systemd } from "../host/systemd.ts";
import { unixTransport } from "../host/unix_transport.ts";
import { serverLayout } from "../setup/layout.ts";
import type { InitCommandRequest } from "./init.ts";
import { type InitDoors, initServer, type ServerContext } from "./init_server.ts";

/** Carries out `mypaas init` on this machine. */
export async function runInit(request: InitCommandRequest, context: ServerContext): Promise<void> {
  await withDoors(context.root, (doors) => initServer(request, context, doors));
}

/** Opens this machine's engine, disk, systemd and daemon for the time of one command. */
export async function withDoors(root: string, use: (doors: InitDoors) => Promise<void>): Promise<void> {
  const daemon = unixTransport(serverLayout(root).daemonSocket);
  try {
    await use({
      machine: new EngineMachine(new DockerClient()),
      files: new DiskServerFiles(),
      facts: await serverFacts(),
      units: new Systemd(),
      daemon,
      now: () => new Date(),
    });
  } finally {
    daemon.close();
  }
}
