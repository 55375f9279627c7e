import type { PushCache } from "../client/push_memory.ts";
import { ensureFolder, removeAllButNewest, removeFile } from "./files.ts";
import { sha256 } from "./hash.ts";

/** So many texts are kept; those that were not written for the longest time go. A project has two. */
const MAX_FILES = 64;

/**
 * Texts in a folder of the user (0700; files 0600), each named by the SHA-256 of its key: `<SHA-256 of the text>`, a line
 * break, the text. Nothing is synced: what a power cut leaves is no text with that SHA-256, and so none.
 *
 * @param folder such as `~/.cache/mypaas/push`
 */
export function pushCacheFolder(folder: string): PushCache {
  const fileOf = (key: readonly string[]) => `${folder}/${sha256(JSON.stringify(key))}`;
  return {
    async load(key) {
      try {
        const content = await Deno.readTextFile(fileOf(key));
        const text = content.slice(DIGEST_CHARACTERS + 1);
        return content.slice(0, DIGEST_CHARACTERS) === sha256(text) ? text : undefined;
      } catch {
        return undefined;
      }
    },

    async save(key, text) {
      const file = fileOf(key);
      const temporary = `${file}.${crypto.randomUUID()}.tmp`;
      try {
        await ensureFolder(folder, 0o700);
        await Deno.writeTextFile(temporary, `${sha256(text)}\n${text}`, { mode: 0o600, createNew: true });
        await Deno.rename(temporary, file);
        await removeAllButNewest(folder, MAX_FILES);
      } catch {
        await removeFile(temporary).catch(() => {});
      }
    },
  };
}

const DIGEST_CHARACTERS = 64;
