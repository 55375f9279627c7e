import * as v from "valibot";
import type { Pauses } from "../daemon/stand_still.ts";
import { Label } from "../service/names.ts";
import type { DockerClient } from "./client.ts";
import type { ContainerRef } from "./container_requests.ts";
import { unlessStatus } from "./engine_error.ts";
import { apiPath, type DockerRequest, ignoreAnswer } from "./request.ts";

/** Freezes all processes of a container. 409 when it does not run, or stands still already. */
export function pauseContainer({ id, name }: ContainerRef): DockerRequest<void> {
  return {
    action: `pause "${name}"`,
    method: "POST",
    path: apiPath(["containers", id, "pause"]),
    decode: ignoreAnswer,
  };
}

/** 409 when it does not stand still. */
export function unpauseContainer({ id, name }: ContainerRef): DockerRequest<void> {
  return {
    action: `let "${name}" go on`,
    method: "POST",
    path: apiPath(["containers", id, "unpause"]),
    decode: ignoreAnswer,
  };
}

const ListSchema = v.array(v.object({ Id: v.string(), Names: v.array(v.string()) }));

/** The containers with these labels that are in a state, such as `paused`. */
export function containersIn(
  status: "running" | "paused",
  labels: readonly string[],
): DockerRequest<readonly ContainerRef[]> {
  return {
    action: `list the containers that are ${status}`,
    method: "GET",
    path: apiPath(["containers", "json"], { all: true, filters: { status: [status], label: labels } }),
    decode: (answer) =>
      v.parse(ListSchema, answer).map(({ Id, Names }) => ({ id: Id, name: (Names[0] ?? Id).replace("/", "") })),
  };
}

/** Pauses of the containers of services, one-off ones too, on the machine's Docker Engine. */
export class EnginePauses implements Pauses {
  readonly #client: DockerClient;
  readonly #instance: string;

  /** @param instance the server id */
  constructor(client: DockerClient, instance: string) {
    this.#client = client;
    this.#instance = instance;
  }

  async pause(service: string): Promise<void> {
    const labels = [`${Label.instance}=${this.#instance}`, `${Label.service}=${service}`];
    const running = await this.#client.run(containersIn("running", labels));
    await Promise.all(running.map((each) => unlessStatus([404, 409], this.#client.run(pauseContainer(each)))));
  }

  async resume(service?: string): Promise<void> {
    const which = service === undefined ? Label.service : `${Label.service}=${service}`;
    const paused = await this.#client.run(containersIn("paused", [`${Label.instance}=${this.#instance}`, which]));
    await Promise.all(paused.map((each) => unlessStatus([404, 409], this.#client.run(unpauseContainer(each)))));
  }
}
