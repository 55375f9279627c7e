/** What is kept of orders that have led to no certificate yet. */
export interface CertificateOrder {
  /** How often the authority was asked. */
  readonly tries: number;
  /** When it may be asked again, ISO 8601. */
  readonly notBefore: string;
}

/** The orders, by domain, across restarts of the daemon. */
export interface OrderStore {
  order(domain: string): CertificateOrder | undefined;
  note(domain: string, order: CertificateOrder): void;
  /** Called when there is a certificate. */
  forget(domain: string): void;
}

/** How long an authority is left alone after each order that failed, also across restarts of the daemon. */
export class OrderPauses {
  readonly #parts: { readonly orders: OrderStore; readonly now: () => Date };
  readonly #times: { readonly order: number; readonly firstOrderPause: number; readonly longestOrderPause: number };

  /** @param times in milliseconds, see `CertificateTimes` */
  constructor(
    parts: { readonly orders: OrderStore; readonly now: () => Date },
    times: { readonly order: number; readonly firstOrderPause: number; readonly longestOrderPause: number },
  ) {
    this.#parts = parts;
    this.#times = times;
  }

  /** Called before the authority is asked: the power may go while it answers. */
  begin(domain: string): void {
    const { orders, now } = this.#parts;
    const { order, firstOrderPause, longestOrderPause } = this.#times;
    const before = orders.order(domain)?.tries ?? 0;
    const pause = order + Math.min(firstOrderPause * 2 ** before, longestOrderPause);
    orders.note(domain, { tries: before + 1, notBefore: new Date(now().getTime() + pause).toISOString() });
  }

  /** Called when there is a certificate. */
  end(domain: string): void {
    this.#parts.orders.forget(domain);
  }

  /** Milliseconds until the authority may be asked again; at most the longest pause, whatever the clock was. */
  left(domain: string): number {
    const { orders, now } = this.#parts;
    const last = orders.order(domain);
    if (last === undefined) return 0;
    const left = new Date(last.notBefore).getTime() - now().getTime();
    return Math.max(0, Math.min(left, this.#times.longestOrderPause + this.#times.order));
  }
}
