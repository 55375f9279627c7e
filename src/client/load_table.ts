import type { ServiceLoad } from "./load.ts";
import type { LoadHistory } from "./load_history.ts";
import { formatBytes, plainText } from "./plain_text.ts";
import { sparkline } from "./sparkline.ts";
import { table } from "./tables.ts";

/** A sparkline says nothing with less, and no more with more. */
const LEAST_BARS = 8;
const MOST_BARS = 30;

/** A column, and the number of which a sparkline stands behind it. */
interface Column {
  readonly head: string;
  readonly cell: (load: ServiceLoad) => string;
  readonly series?: Parameters<LoadHistory["series"]>[1];
  /** Left out first where there is no room for sparklines. */
  readonly spare?: true;
}

const COLUMNS: readonly Column[] = [
  { head: "SERVICE", cell: ({ service }) => service },
  { head: "REPLICAS", cell: ({ replicas, scale }) => `${replicas}/${Math.max(1, scale)}`, spare: true },
  { head: "CPU", cell: ({ cpus }) => cpus?.toFixed(2) ?? "-", series: "cpus" },
  { head: "MEM/LIMIT", cell: memory, series: "memoryBytes" },
  { head: "REQ/S", cell: ({ requestsPerSecond }) => perSecond(requestsPerSecond), series: "requestsPerSecond" },
  { head: "ERR", cell: ({ errorPercent }) => errorPercent === undefined ? "-" : `${errorPercent.toFixed(1)}%` },
  { head: "REQUESTS", cell: ({ requests }) => requests === undefined ? "-" : String(requests.total), spare: true },
];

/**
 * The lines of `mypaas stats`.
 *
 * @param columns of the terminal to be filled with sparklines; undefined: none
 */
export function loadTable(history: LoadHistory, columns?: number): readonly string[] {
  const { loads, countsError } = history;
  if (loads.length === 0) return ["no services"];
  const lines = columns === undefined ? tableOf(history, COLUMNS, 0) : withSparklines(history, columns);
  return countsError === undefined ? lines : [...lines, plainText(countsError)];
}

function withSparklines(history: LoadHistory, columns: number): readonly string[] {
  const choices = [COLUMNS, COLUMNS.filter(({ spare }) => spare === undefined)];
  for (const chosen of choices) {
    const width = Math.max(...tableOf(history, chosen, 0).map((line) => line.length));
    const bars = Math.floor((columns - width) / chosen.filter(({ series }) => series).length) - GAP;
    if (bars >= LEAST_BARS) return tableOf(history, chosen, Math.min(bars, MOST_BARS));
  }
  return tableOf(history, COLUMNS, 0);
}

/** Blanks between two columns of a table. */
const GAP = 2;

function tableOf(history: LoadHistory, columns: readonly Column[], bars: number): readonly string[] {
  const drawn = ({ series }: Column) => bars > 0 ? series : undefined;
  return table(
    columns.flatMap((column) => drawn(column) === undefined ? [column.head] : [column.head, ""]),
    history.loads.map((load) =>
      columns.flatMap((column) => {
        const series = drawn(column);
        const cell = column.cell(load);
        return series === undefined ? [cell] : [cell, sparkline(history.series(load.service, series), bars)];
      })
    ),
  );
}

function memory({ memoryBytes, memoryLimitBytes }: ServiceLoad): string {
  if (memoryBytes === undefined) return "-";
  return formatBytes(memoryBytes) + (memoryLimitBytes === undefined ? "" : ` / ${formatBytes(memoryLimitBytes)}`);
}

function perSecond(rate: number | undefined): string {
  if (rate === undefined) return "-";
  return rate < 9.95 ? rate.toFixed(1) : String(Math.round(rate));
}
