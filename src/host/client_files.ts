import { parse, stringify } from "@std/yaml";
import type { ClientFiles, SavedServer } from "../client/servers.ts";
import { MyPaasError } from "../error.ts";
import { isSshUrl } from "../wire/ssh_url.ts";
import { ensureFolder, readText, removeFile, replaceFile, syncFolder } from "./files.ts";
import { readPrivateFile } from "./private_file.ts";

/**
 * The client's folder, made 0700 when something is saved: `servers.yml`, `key`, and `keys/` for single servers, all 0600.
 *
 * @param folder such as `~/.config/mypaas`
 */
export function clientFolder(folder: string): ClientFiles {
  const serversFile = `${folder}/servers.yml`;
  const keyFile = `${folder}/key`;

  async function servers(): Promise<Readonly<Record<string, SavedServer>>> {
    const text = await readText(serversFile);
    return text === undefined ? {} : parseServers(text, serversFile);
  }

  return {
    servers,
    async saveServers(entries) {
      const all = { ...await servers(), ...entries };
      await ensureFolder(folder, 0o700);
      await replaceFile(serversFile, stringify(all, { skipInvalid: true }), 0o600);
    },
    async privateKey(reference) {
      const file = reference === undefined ? keyFile : `${folder}/${reference}`;
      return (await readPrivateFile(file))?.trim();
    },
    async savePrivateKey(pkcs8) {
      await ensureFolder(folder, 0o700);
      await replaceFile(keyFile, `${pkcs8}\n`, 0o600);
    },
    async saveServerKey(id, pkcs8) {
      const reference = `keys/${id}`;
      await ensureFolder(folder, 0o700);
      await ensureFolder(`${folder}/keys`, 0o700);
      await replaceFile(`${folder}/${reference}`, `${pkcs8}\n`, 0o600);
      await syncFolder(folder);
      return reference;
    },
    async removeKey(reference) {
      await removeFile(reference === undefined ? keyFile : `${folder}/${reference}`);
    },
  };
}

function parseServers(text: string, file: string): Readonly<Record<string, SavedServer>> {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw broken(file, "it is not YAML", cause);
  }
  if (content === null || content === undefined) return {};
  if (typeof content !== "object") throw broken(file, "it is not a list of servers by name");
  return Object.fromEntries(
    Object.entries(content).map(([name, value]) => {
      const field = (key: string) => {
        const text: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
        if (text === undefined || typeof text === "string") return text;
        throw broken(file, `"${key}" of "${name}" is not a text`);
      };
      const needed = (key: string) => {
        const text = field(key);
        if (text === undefined) throw broken(file, `"${name}" has no "${key}"`);
        return text;
      };
      const url = needed("url");
      if (isSshUrl(url)) return [name, { url }];
      return [name, {
        url,
        serverId: needed("serverId"),
        daemonKey: needed("daemonKey"),
        certificatePin: field("certificatePin"),
        certificate: field("certificate"),
        key: field("key"),
        nextKey: field("nextKey"),
      }];
    }),
  );
}

function broken(file: string, problem: string, cause?: unknown): MyPaasError {
  return new MyPaasError(`Cannot read "${file}": ${problem}`, {
    cause,
    hint: "Put it right, or remove it and log in again.",
  });
}
