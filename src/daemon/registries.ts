import { MyPaasError, UsageError } from "../error.ts";
import { parseRegistryHost, type RegistryCredential } from "../service/registry.ts";
import { MAX_REGISTRY_PASSWORD_BYTES, type RegistrySummary } from "../wire/registries.ts";

/** What the server is logged in to. */
export interface RegistryStore {
  /** In the order of hosts. */
  registries(): readonly RegistrySummary[];
  credential(host: string): RegistryCredential | undefined;
  /** Takes the place of what was there. */
  setCredential(credential: RegistryCredential, by: string, at: string): void;
  /** @returns false when the server was not logged in to it */
  removeCredential(host: string): boolean;
}

export interface RegistriesParts {
  readonly store: RegistryStore;
  /** Asks the registry. @throws {MyPaasError} when it does not take the credential */
  readonly check: (credential: RegistryCredential) => Promise<void>;
  readonly now: () => Date;
}

/** The registries that the server may pull private images from. */
export class Registries {
  readonly #parts: RegistriesParts;

  constructor(parts: RegistriesParts) {
    this.#parts = parts;
  }

  list(): readonly RegistrySummary[] {
    return this.#parts.store.registries();
  }

  /**
   * Stores a credential that its registry has taken just now.
   *
   * @throws {MyPaasError} when it is refused; what was stored before stays
   */
  async login({ host: written, username, password }: RegistryCredential, by: string): Promise<RegistrySummary> {
    const { store, check, now } = this.#parts;
    const host = parseRegistryHost(written);
    const bytes = new TextEncoder().encode(password).length;
    if (bytes < 1 || bytes > MAX_REGISTRY_PASSWORD_BYTES) {
      throw new UsageError(
        `Cannot log in to "${host}": the password has ${bytes} bytes, allowed are 1 to ${MAX_REGISTRY_PASSWORD_BYTES}`,
      );
    }
    const credential = { host, username, password };
    await check(credential);
    const at = now().toISOString();
    store.setCredential(credential, by, at);
    return { host, username, by, at };
  }

  /** @throws {MyPaasError} when the server is not logged in to it */
  logout(written: string): { readonly host: string } {
    const { store } = this.#parts;
    const host = parseRegistryHost(written);
    if (store.removeCredential(host)) return { host };
    const known = store.registries().map((registry) => registry.host);
    throw new MyPaasError(`Cannot log out of "${host}": the server is not logged in to it`, {
      hint: known.length === 0 ? "It is logged in to no registry." : `It is logged in to: ${known.join(", ")}.`,
    });
  }
}
