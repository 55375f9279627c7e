import type { LoadRequest } from "../../tests/e2e/load.ts";

const WIDTH = 900;
const HEIGHT = 260;
const LEFT = 60;
const BOTTOM = 30;
/** Requests of this long share one point: the slowest of them. */
const BUCKET_MS = 100;
const FLOOR_MS = 10;

/** Draws latency over time as an SVG, logarithmic, with the moments in which a new release became live and what failed. */
export function plotLatency(
  requests: readonly LoadRequest[],
  { title, cutovers }: { readonly title: string; readonly cutovers: readonly number[] },
): string {
  const [first] = requests;
  if (first === undefined) throw new Error("Cannot plot: there are no requests");
  const start = first.at;
  const seconds = ((requests.at(-1)?.at ?? start) - start) / 1000;
  const slowest = Math.max(1000, ...requests.map(({ ms }) => ms));
  const x = (at: number) => LEFT + (at - start) / 1000 / seconds * (WIDTH - LEFT - 10);
  const y = (ms: number) =>
    20 + (1 - Math.log(Math.max(ms, FLOOR_MS) / FLOOR_MS) / Math.log(slowest / FLOOR_MS)) * (HEIGHT - 20 - BOTTOM);
  const buckets = new Map<number, number>();
  for (const { at, ms } of requests) {
    const bucket = Math.floor((at - start) / BUCKET_MS);
    buckets.set(bucket, Math.max(buckets.get(bucket) ?? 0, ms));
  }
  const line = [...buckets].sort(([a], [b]) => a - b)
    .map(([bucket, ms]) => `${x(start + bucket * BUCKET_MS).toFixed(1)},${y(ms).toFixed(1)}`).join(" ");
  const marks = [10, 100, 1000, 10_000].filter((ms) => ms <= slowest).map((ms) =>
    `<line x1="${LEFT}" x2="${WIDTH - 10}" y1="${y(ms)}" y2="${y(ms)}" stroke="#ddd"/>` +
    `<text x="${LEFT - 6}" y="${y(ms) + 4}" text-anchor="end">${ms < 1000 ? `${ms} ms` : `${ms / 1000} s`}</text>`
  );
  const lives = cutovers.map((at) =>
    `<line x1="${x(at).toFixed(1)}" x2="${x(at).toFixed(1)}" y1="20" y2="${
      HEIGHT - BOTTOM
    }" stroke="#2a7" stroke-dasharray="3 3"/>`
  );
  const failed = requests.filter(({ ok }) => !ok).map(({ at }) =>
    `<circle cx="${x(at).toFixed(1)}" cy="${HEIGHT - BOTTOM}" r="3" fill="#c00"/>`
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="13">${title}</text>`,
    ...marks,
    ...lives,
    `<polyline points="${line}" fill="none" stroke="#25c" stroke-width="1"/>`,
    ...failed,
    `<text x="${WIDTH - 10}" y="${HEIGHT - 8}" text-anchor="end">${
      seconds.toFixed(0)
    } s; dashed: a new release is live; red: a failed request</text>`,
    "</svg>",
    "",
  ].join("\n");
}
