const BARS = [..."▁▂▃▄▅▆▇█"];

/**
 * Numbers as bars, the newest at the right: `▁▂▅█`. They are of a scale from 0 to the highest of them, so that a steady
 * number looks steady; what is not known is a blank.
 *
 * @param width characters; older numbers are left out, and blanks stand for those that are not there yet
 */
export function sparkline(numbers: readonly (number | undefined)[], width: number): string {
  const shown = numbers.slice(Math.max(0, numbers.length - width));
  const most = Math.max(0, ...shown.map((number) => number ?? 0));
  const bars = shown.map((number) => {
    if (number === undefined) return " ";
    const share = most === 0 ? 0 : number / most;
    return BARS[Math.round(share * (BARS.length - 1))] ?? " ";
  });
  return bars.join("").padStart(width);
}
