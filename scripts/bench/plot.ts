import type { LoadRequest } from "../../tests/e2e/load.ts";

const WIDTH = 900;
const HEIGHT = 260;
const LEFT = 60;
const RIGHT = 10;
const TOP = 20;
const BOTTOM = 30;
/** Fastest of what is drawn; the axis is logarithmic. */
const FLOOR_MS = 10;
/** The axis goes at least up to here. */
const CEILING_MS = 1000;

/**
 * Draws latency over time as an SVG, logarithmic, with the moments in which a new release became live and what failed. It
 * stays small however many requests there are: those that would be drawn over each other share one point, the slowest.
 *
 * @param requests in the order in which they were sent
 * @param options `cutovers` in milliseconds since 1970
 */
export function plotLatency(
  requests: readonly LoadRequest[],
  { title, cutovers }: { readonly title: string; readonly cutovers: readonly number[] },
): string {
  const start = requests.at(0)?.at;
  const end = requests.at(-1)?.at;
  if (start === undefined || end === undefined) throw new Error("Cannot plot: there are no requests");
  const span = Math.max(1, end - start);
  const slowest = requests.reduce((most, { ms }) => Math.max(most, ms), CEILING_MS);
  const x = (at: number) => Math.round(LEFT + (at - start) / span * (WIDTH - LEFT - RIGHT));
  const y = (ms: number) =>
    TOP + (1 - Math.log(Math.max(ms, FLOOR_MS) / FLOOR_MS) / Math.log(slowest / FLOOR_MS)) * (HEIGHT - TOP - BOTTOM);
  const bottom = HEIGHT - BOTTOM;
  const line = slowestByPlace(requests, x).map(([place, ms]) => `${place},${y(ms).toFixed(1)}`).join(" ");
  const marks = [10, 100, 1000, 10_000].filter((ms) => ms <= slowest).map((ms) =>
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(ms).toFixed(1)}" y2="${y(ms).toFixed(1)}" stroke="#ddd"/>` +
    `<text x="${LEFT - 6}" y="${(y(ms) + 4).toFixed(1)}" text-anchor="end">${
      ms < 1000 ? `${ms} ms` : `${ms / 1000} s`
    }</text>`
  );
  const lives = cutovers.map((at) =>
    `<line x1="${x(at)}" x2="${x(at)}" y1="${TOP}" y2="${bottom}" stroke="#2a7" stroke-dasharray="3 3"/>`
  );
  const failed = slowestByPlace(requests.filter(({ ok }) => !ok), x).map(([place]) =>
    `<circle cx="${place}" cy="${bottom}" r="3" fill="#c00"/>`
  );
  const legend = `${(span / 1000).toFixed(0)} s; dashed: a new release is live; red: failed requests`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="13">${title}</text>`,
    ...marks,
    ...lives,
    `<polyline points="${line}" fill="none" stroke="#25c" stroke-width="1"/>`,
    ...failed,
    `<text x="${WIDTH - RIGHT}" y="${HEIGHT - 8}" text-anchor="end">${legend}</text>`,
    "</svg>",
    "",
  ].join("\n");
}

/** The longest time of the requests at each place, from left to right. */
function slowestByPlace(
  requests: readonly LoadRequest[],
  place: (at: number) => number,
): readonly (readonly [number, number])[] {
  const slowest = new Map<number, number>();
  for (const { at, ms } of requests) slowest.set(place(at), Math.max(slowest.get(place(at)) ?? 0, ms));
  return [...slowest].sort(([a], [b]) => a - b);
}
