import { manifestDigest } from "../archive/manifest_digest.ts";
import type { Manifest } from "../wire/manifest.ts";

/** Texts that a push leaves to the next one. All of it may be lost, or be broken, at any time. `src/host` implements it. */
export interface PushCache {
  /** @param key names the text by all that it depends on */
  load(key: readonly string[]): Promise<string | undefined>;
  /** Never fails: what is not kept is found out again. */
  save(key: readonly string[], text: string): Promise<void>;
}

/** Where there is no folder for it. */
export const NO_CACHE: PushCache = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };

/** The manifest that a server was last sent for a service, and its digest. */
export interface SentManifest {
  readonly digest: string;
  readonly manifest: Manifest;
}

/** What a push remembers of the last one of the same Dockerfile. */
export class PushMemory {
  readonly #cache: PushCache;
  readonly #files: readonly string[];
  readonly #sent: readonly string[];

  constructor(
    cache: PushCache,
    { folder, dockerfile, server, service }: {
      /** Absolute path of the context. */
      readonly folder: string;
      readonly dockerfile: string;
      /** Names the server for ever, such as its id. */
      readonly server: string;
      readonly service: string;
    },
  ) {
    this.#cache = cache;
    this.#files = ["files", folder, dockerfile];
    this.#sent = ["sent 1", folder, dockerfile, server, service];
  }

  /** For `KnownFiles`. */
  knownFiles(): Promise<string | undefined> {
    return this.#cache.load(this.#files);
  }

  async saveKnownFiles(text: string | undefined): Promise<void> {
    if (text !== undefined) await this.#cache.save(this.#files, text);
  }

  /** What the server has of an earlier push, as far as this machine knows. */
  async sent(): Promise<SentManifest | undefined> {
    const text = await this.#cache.load(this.#sent);
    if (text === undefined) return undefined;
    try {
      const manifest: Manifest = JSON.parse(text);
      return { digest: await manifestDigest(manifest), manifest };
    } catch {
      return undefined;
    }
  }

  async saveSent(manifest: Manifest): Promise<void> {
    await this.#cache.save(this.#sent, JSON.stringify(manifest));
  }
}
