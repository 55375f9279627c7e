/** The machine's clock. */
export function systemClock(): { now(): Date } {
  return { now: () => new Date() };
}
