import type { ReleaseStore } from "../deploy/store.ts";
import { messageOf } from "../error.ts";
import type { ServiceSpec } from "../service/spec.ts";
import { ticks, TimeoutError, waitUntil, within } from "../wait.ts";
import type { CertificateSummary } from "../wire/certificates.ts";
import type { DeployEvent } from "../wire/events.ts";
import { OrderPauses, type OrderStore } from "./certificate_orders.ts";

/** A certificate that Traefik has. */
export interface StoredCertificate {
  /** ISO 8601. */
  readonly notAfter: string;
}

/** Pauses, in milliseconds; for tests. */
export interface CertificateTimes {
  /** Before a name is looked at again: the first, and the longest, so that a repaired one is seen within a minute. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** How long an authority may take. */
  readonly order: number;
  /** After an order that failed: the first, and the longest. Let's Encrypt takes five failures of a name in an hour. */
  readonly firstOrderPause: number;
  readonly longestOrderPause: number;
  /** How long a deploy waits for the certificates of its domains. */
  readonly settle: number;
}

const TIMES: CertificateTimes = {
  firstPause: 2_000,
  longestPause: 15_000,
  order: 120_000,
  firstOrderPause: 15 * 60_000,
  longestOrderPause: 4 * 3_600_000,
  settle: 10_000,
};
/** Without any other reason the certificates are looked through that often: somebody may have taken Traefik's file away. */
const LOOK_INTERVAL_MS = 10 * 60_000;

export interface CertificatesParts {
  readonly store: Pick<ReleaseStore, "allLive">;
  readonly orders: OrderStore;
  /** The server's own domain. */
  readonly ownDomain: string | undefined;
  /** What Traefik has, by domain. */
  readonly stored: () => Promise<ReadonlyMap<string, StoredCertificate>>;
  /** What is wrong with a name, as a sentence; undefined when it leads here. */
  readonly nameProblem: (domain: string) => Promise<string | undefined>;
  /** Writes the routes again; done when Traefik goes by them. */
  readonly writeRoutes: () => Promise<void>;
  /** Completes "the authority gave no certificate: ...", such as a command that shows why. */
  readonly whereToLook: string;
  readonly now: () => Date;
  readonly log: (line: string) => void;
  readonly times?: Partial<CertificateTimes>;
}

/** A domain that has no certificate, or had none when the daemon began to follow it. */
interface Followed {
  state: CertificateSummary;
  /** Ends the pause between two looks. */
  wake: PromiseWithResolvers<void>;
  /** Fulfilled by the next news about it. */
  news: PromiseWithResolvers<void>;
  /** Whether it waits because of an order that failed: that pause nobody ends. */
  barred: boolean;
  /** Whether nothing more will be told. */
  over: boolean;
}

/**
 * Sees to it that every domain with https gets a certificate. Traefik orders it, keeps it and renews it; but it asks the
 * authority without looking whether the name leads here, again with every change of its routes, and failures lock a name for
 * hours. So a domain is named to it only when the name was seen to lead here, in one table, and each domain goes its own way.
 */
export class Certificates {
  readonly #parts: CertificatesParts;
  readonly #times: CertificateTimes;
  readonly #signal: AbortSignal;
  readonly #followed = new Map<string, Followed>();
  readonly #ordered = new Set<string>();
  readonly #orders: OrderPauses;

  /** @param signal ends the following */
  constructor(parts: CertificatesParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#times = { ...TIMES, ...parts.times };
    this.#orders = new OrderPauses(parts, this.#times);
    this.#signal = signal;
  }

  /** The domains that Traefik is to be asked for in the table that is written next. */
  ordered(): readonly string[] {
    return [...this.#ordered];
  }

  /** Follows every domain until the signal is aborted. */
  async run(): Promise<void> {
    for await (const _ of ticks(LOOK_INTERVAL_MS, this.#signal)) {
      try {
        const stored = await this.#parts.stored();
        for (const domain of this.#wanted()) if (!stored.has(domain)) this.#follow(domain);
      } catch (error) {
        this.#parts.log(`certificates: ${messageOf(error)}`);
      }
    }
  }

  /** Looks at every domain that has no certificate, waits a few seconds, and tells of all; the server's own is the first. */
  async lookAtAll(): Promise<readonly CertificateSummary[]> {
    return await this.#lookAt([...this.#wanted()]);
  }

  /** How it stands with the certificates of domains, in their order. */
  async summaries(domains: Iterable<string>): Promise<readonly CertificateSummary[]> {
    const stored = await this.#parts.stored();
    return [...domains].map((domain) => this.#summary(domain, stored.get(domain)));
  }

  /**
   * Looks at the domains of a release that has just become live, and waits a few seconds for their certificates.
   *
   * @returns what the owner should know of those that have none yet
   */
  async settle(spec: Pick<ServiceSpec, "sites">): Promise<readonly DeployEvent[]> {
    try {
      return (await this.#lookAt(httpsDomains(spec))).flatMap(certificateNote).map(warning);
    } catch (error) {
      // Nothing that a deploy could fail for.
      return [warning(`the certificates cannot be looked at: ${messageOf(error)}`)];
    }
  }

  async #lookAt(domains: readonly string[]): Promise<readonly CertificateSummary[]> {
    const limits = { what: "the certificates are there", timeoutMs: this.#times.settle, signal: this.#signal };
    const stored = await this.#parts.stored();
    const missing = domains.filter((domain) => !stored.has(domain));
    await within(Promise.all(missing.map((domain) => this.#look(domain))), limits).catch(() => {});
    return await this.summaries(domains);
  }

  /** Looks at one now, unless it may not be asked for; done when there is one, or a reason why not. */
  async #look(domain: string): Promise<void> {
    const followed = this.#follow(domain);
    if (followed.barred) return;
    followed.wake.resolve();
    do await followed.news.promise; while (!followed.over && followed.state.state === "ordered");
  }

  #summary(domain: string, stored: StoredCertificate | undefined): CertificateSummary {
    if (stored === undefined) return this.#followed.get(domain)?.state ?? unknown(domain);
    const { notAfter } = stored;
    if (new Date(notAfter) > this.#parts.now()) return { domain, state: "valid", notAfter };
    const reason =
      `the certificate of ${domain} is out of date, and Traefik could not renew it: ${this.#parts.whereToLook}`;
    return { domain, state: "pending", notAfter, reason };
  }

  #wanted(): ReadonlySet<string> {
    const { store, ownDomain } = this.#parts;
    const own = ownDomain === undefined ? [] : [ownDomain];
    return new Set([...own, ...store.allLive().flatMap(({ spec }) => httpsDomains(spec))]);
  }

  #follow(domain: string): Followed {
    const known = this.#followed.get(domain);
    if (known !== undefined) return known;
    const followed: Followed = {
      state: unknown(domain),
      wake: Promise.withResolvers(),
      news: Promise.withResolvers(),
      barred: false,
      over: false,
    };
    this.#followed.set(domain, followed);
    this.#untilThere(domain, followed)
      .catch((error) => {
        if (!this.#signal.aborted) this.#parts.log(`certificates: ${domain}: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#followed.delete(domain);
        followed.over = true;
        followed.news.resolve();
      });
    return followed;
  }

  /** Goes on until there is a certificate, or nobody wants one any more. */
  async #untilThere(domain: string, followed: Followed): Promise<void> {
    const { firstPause, longestPause } = this.#times;
    let pause = firstPause;
    // An authority counts the failures also of the daemon before this one.
    await this.#bar(domain, followed);
    while (this.#wanted().has(domain)) {
      const problem = await this.#problem(domain);
      if (problem === undefined) {
        if (await this.#order(domain, followed)) return this.#orders.end(domain);
        await this.#bar(domain, followed);
        continue;
      }
      this.#tell(followed, { domain, state: "pending", reason: problem });
      await this.#pause(followed, pause);
      pause = Math.min(pause * 2, longestPause);
    }
  }

  /** Waits, after an order that failed, until the authority may be asked again. */
  async #bar(domain: string, followed: Followed): Promise<void> {
    const left = this.#orders.left(domain);
    if (left <= 0) return;
    followed.barred = true;
    const reason = `the authority gave no certificate for ${domain}: ${this.#parts.whereToLook}`;
    this.#tell(followed, { domain, state: "pending", reason });
    await this.#pause(followed, left);
    followed.barred = false;
  }

  async #problem(domain: string): Promise<string | undefined> {
    try {
      return await this.#parts.nameProblem(domain);
    } catch (error) {
      return `${domain} cannot be looked at: ${messageOf(error)}`;
    }
  }

  /** Names a domain to Traefik, in one table. @returns whether there is a certificate */
  async #order(domain: string, followed: Followed): Promise<boolean> {
    const { stored, writeRoutes, log } = this.#parts;
    const isThere = async () => (await stored()).has(domain);
    // Somebody put one there, or Traefik was slower than we waited for it.
    if (await isThere()) return true;
    this.#orders.begin(domain);
    this.#tell(followed, { domain, state: "ordered" });
    log(`certificates: ${domain} leads here: a certificate is ordered`);
    try {
      this.#ordered.add(domain);
      await writeRoutes();
    } catch (error) {
      log(`certificates: ${domain}: ${messageOf(error)}`);
    } finally {
      this.#ordered.delete(domain);
    }
    // Traefik asks again with each table that has the name.
    writeRoutes().catch((error) => log(`certificates: ${messageOf(error)}`));
    try {
      await waitUntil(isThere, {
        what: `${domain} has a certificate`,
        timeoutMs: this.#times.order,
        intervalMs: 250,
        signal: this.#signal,
      });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      return false;
    }
    log(`certificates: ${domain} has one`);
    return true;
  }

  async #pause(followed: Followed, timeoutMs: number): Promise<void> {
    followed.wake = Promise.withResolvers();
    try {
      await within(followed.wake.promise, { what: "somebody asks", timeoutMs, signal: this.#signal });
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }

  #tell(followed: Followed, state: CertificateSummary): void {
    followed.state = state;
    followed.news.resolve();
    followed.news = Promise.withResolvers();
  }
}

/** The domains of a service that need a certificate, each once. */
export function httpsDomains({ sites }: Pick<ServiceSpec, "sites">): readonly string[] {
  return [...new Set(sites.filter(({ https }) => https).map(({ domain }) => domain))];
}

/** What the owner should know of a certificate that is not there. */
function certificateNote({ domain, state, reason }: CertificateSummary): readonly string[] {
  switch (state) {
    case "valid":
      return [];
    case "pending":
      return [`certificate pending: ${reason}; the server looks again by itself`];
    default:
      return [`the certificate of ${domain} is not there yet: mypaas ps tells how it stands`];
  }
}

function warning(text: string): DeployEvent {
  return { kind: "warning", text };
}

function unknown(domain: string): CertificateSummary {
  return { domain, state: "looking" };
}
