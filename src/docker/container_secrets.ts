import { unpackTar } from "modern-tar";
import * as v from "valibot";
import type { ReplicaRequest } from "../deploy/runtime.ts";
import { MyPaasError } from "../error.ts";
import { SECRETS_FOLDER, splitSecrets } from "../service/secret_files.ts";
import type { EnvVariable } from "../service/spec.ts";
import type { DockerClient } from "./client.ts";
import { unlessStatus } from "./engine_error.ts";
import type { ReplicaMount } from "./replica_container.ts";
import { apiPath, type DockerRequest, type DockerStream } from "./request.ts";

/** The list of users in an image is no larger than this, in bytes. */
const MAX_USERS_BYTES = 4 << 20;

/** What a container is made from. */
type Release = Pick<ReplicaRequest, "spec" | "env">;

/** The folders of secrets on the server, one per container, by the container's name. They may be gone after a boot. */
export interface SecretFolders {
  /** Makes an empty one unless there is one, and returns its path. */
  make(container: string): Promise<string>;
  /** Whether the files are in it. */
  isFilled(container: string): Promise<boolean>;
  /** Puts the files in, all at once, readable for nobody but a user of the container. */
  fill(container: string, files: readonly EnvVariable[], user: number): Promise<void>;
  /** No error when there is none. */
  remove(container: string): Promise<void>;
  /** Every container that has one. */
  containers(): Promise<readonly string[]>;
}

/**
 * The secrets of containers, as files of a folder that is mounted: Docker knows the folder's name and nothing of what is in
 * it. The folder is in memory where `/run` is. After a boot Docker cannot start such a container by itself, because its
 * folder is gone; the daemon makes it again and then starts the container.
 */
export class ContainerSecrets {
  readonly #client: DockerClient;
  readonly #folders: SecretFolders;
  /** Containers whose folder is there and they are not. */
  readonly #making = new Set<string>();

  constructor(client: DockerClient, folders: SecretFolders) {
    this.#client = client;
    this.#folders = folders;
  }

  /** Makes the folder of a container that is about to be made, because Docker mounts nothing that is not there. */
  async mounts(container: string, { spec, env }: Release): Promise<readonly ReplicaMount[]> {
    if (splitSecrets(spec, env).files.length === 0) return [];
    this.#making.add(container);
    await this.#folders.remove(container);
    const source = await this.#folders.make(container);
    return [{ kind: "bind", source, target: SECRETS_FOLDER, readOnly: true }];
  }

  /** Puts the files in the folder of a container that is there, unless they are in it. */
  async fill(container: string, { spec, env }: Release): Promise<void> {
    this.#making.delete(container);
    const { files } = splitSecrets(spec, env);
    if (files.length === 0 || await this.#folders.isFilled(container)) return;
    // Without it Docker shows no file of a container that does not run: it mounts what the container has first.
    await this.#folders.make(container);
    await this.#folders.fill(container, files, await this.#user(container));
  }

  async remove(container: string): Promise<void> {
    await this.#folders.remove(container);
  }

  /** Removes the folders of containers that are gone: a container of `mypaas run` goes by itself. */
  async sweep(): Promise<void> {
    for (const container of await this.#folders.containers()) {
      // What is being filled has the container's name with an end of its own.
      const name = container.replace(/\.new$/, "");
      if (this.#making.has(name)) continue;
      if (await unlessStatus([404], this.#client.run(userOf(name))) === undefined) await this.remove(container);
    }
  }

  /** The number of the user that a container runs as; a name stands in its image. */
  async #user(container: string): Promise<number> {
    const [user = ""] = (await this.#client.run(userOf(container))).split(":");
    if (user === "" || user === "root") return 0;
    if (/^\d+$/.test(user)) return Number(user);
    const found = uidOf(user, await this.#users(container));
    if (found !== undefined) return found;
    throw new MyPaasError(`Cannot give "${container}" its secrets: its image has no user "${user}" in /etc/passwd`, {
      hint: "Name the user in the Dockerfile by number, such as USER 1000.",
    });
  }

  async #users(container: string): Promise<string> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    const read = async () => {
      for await (const chunk of this.#client.stream(fileOf(container, "/etc/passwd"), new AbortController().signal)) {
        bytes += chunk.length;
        if (bytes > MAX_USERS_BYTES) return;
        chunks.push(new Uint8Array(chunk));
      }
      return true;
    };
    if (await unlessStatus([404], read()) === undefined) return "";
    const [entry] = await unpackTar(await new Blob(chunks).bytes());
    return new TextDecoder().decode(entry?.data);
  }
}

/** The number of a user by passwd(5). */
export function uidOf(user: string, passwd: string): number | undefined {
  const [, , uid = ""] = passwd.split("\n").find((line) => line.startsWith(`${user}:`))?.split(":") ?? [];
  return /^\d+$/.test(uid) ? Number(uid) : undefined;
}

/** `user`, `user:group`, either by name or by number; empty for root. */
function userOf(container: string): DockerRequest<string> {
  const Schema = v.object({ Config: v.object({ User: v.optional(v.string(), "") }) });
  return {
    action: `look at the container "${container}"`,
    method: "GET",
    path: apiPath(["containers", container, "json"]),
    decode: (answer) => v.parse(Schema, answer).Config.User,
  };
}

/** A file of a container that need not run, as a tar. */
function fileOf(container: string, path: string): DockerStream<Uint8Array> {
  return {
    action: `read ${path} of the container "${container}"`,
    method: "GET",
    path: apiPath(["containers", container, "archive"], { path }),
    decode: (chunks) => chunks,
  };
}
