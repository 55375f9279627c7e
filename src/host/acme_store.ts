import { X509Certificate } from "node:crypto";
import type { StoredCertificate } from "../daemon/certificates.ts";
import { RESOLVER } from "../traefik/static_config.ts";

/** The part of Traefik's file that is read; there are private keys beside it, which are left out at once. */
type Entry = { readonly main: string; readonly chain: string };

/**
 * The certificates that Traefik has from its authority, by domain. Its file is read again only when it has changed; while
 * Traefik writes it, what was read before counts.
 */
export class AcmeStore {
  readonly #path: string;
  #seen = "";
  #certificates: ReadonlyMap<string, StoredCertificate> = new Map();

  /** @param path Traefik's storage, see `acmeFileName` */
  constructor(path: string) {
    this.#path = path;
  }

  /** None while there is no such file. */
  async certificates(): Promise<ReadonlyMap<string, StoredCertificate>> {
    try {
      const { mtime, size, ino } = await Deno.stat(this.#path);
      const seen = `${mtime?.getTime()} ${size} ${ino}`;
      if (seen === this.#seen) return this.#certificates;
      const text = await Deno.readTextFile(this.#path);
      this.#certificates = new Map(text === "" ? [] : entriesOf(JSON.parse(text)).flatMap(read));
      this.#seen = seen;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) this.#certificates = new Map();
      // The text of a syntax error may quote the file.
      else if (!(error instanceof SyntaxError)) throw error;
    }
    return this.#certificates;
  }
}

function entriesOf(file: unknown): readonly Entry[] {
  const own = field(file, RESOLVER);
  const list = field(own, "Certificates");
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown) => {
    const [main, chain] = [field(field(one, "domain"), "main"), field(one, "certificate")];
    return typeof main === "string" && typeof chain === "string" ? [{ main, chain }] : [];
  });
}

function read({ main, chain }: Entry): readonly (readonly [string, StoredCertificate])[] {
  try {
    // The first of the chain is the domain's own.
    const { validTo } = new X509Certificate(new TextDecoder().decode(Uint8Array.fromBase64(chain)));
    return [[main, { notAfter: new Date(validTo).toISOString() }]];
  } catch {
    return [];
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
