import { assertEquals, assertLessOrEqual } from "@std/assert";
import { LoadHistory } from "../../src/client/load_history.ts";
import { loadTable } from "../../src/client/load_table.ts";
import { sparkline } from "../../src/client/sparkline.ts";
import type { StatsSample } from "../../src/wire/stats.ts";

/** The sample after so many seconds of steadily growing load on `blog`, beside a `db` without site. */
function sample(seconds: number): StatsSample {
  const time = new Date(Date.parse("2026-11-22T10:00:00Z") + seconds * 1000).toISOString();
  const use = (cpuSeconds: number) => ({ time, cpuSeconds, memoryBytes: 48_200_000 });
  const total = 10 * seconds ** 2;
  return {
    time,
    countedSince: "2026-11-22T09:00:00.000Z",
    countsError: undefined,
    services: [
      {
        service: "blog",
        scale: 1,
        memoryLimitBytes: 512 * 2 ** 20,
        replicas: [{ name: "blog.7.1", use: use(seconds ** 2 / 20) }],
        requests: { total, "2xx": total - seconds, "3xx": 0, "4xx": 0, "5xx": seconds },
      },
      {
        service: "db",
        scale: 0,
        memoryLimitBytes: undefined,
        replicas: [{ name: "db.1.1", use: undefined }],
        requests: undefined,
      },
    ],
  };
}

function history(samples: number): LoadHistory {
  const history = new LoadHistory();
  for (let n = 0; n < samples; n++) history.add(sample(n));
  return history;
}

Deno.test("loadTable() shows what is known, and a dash for what is not", () => {
  assertEquals(loadTable(history(3)), [
    "SERVICE  REPLICAS  CPU   MEM/LIMIT         REQ/S  ERR   REQUESTS",
    "blog     1/1       0.15  48.2 MB / 537 MB  30     3.3%  40",
    "db       1/1       -     -                 -      -     -",
  ]);
  assertEquals(loadTable(new LoadHistory()), ["no services"]);
});

Deno.test("loadTable() fills a wide terminal with sparklines", () => {
  const [head = "", blog = "", db = ""] = loadTable(history(5), 110);
  assertEquals(head.replace(/ +/g, " "), "SERVICE REPLICAS CPU MEM/LIMIT REQ/S ERR REQUESTS");
  assertEquals(blog.replace(/ +/g, " "), "blog 1/1 0.35 ▂▄▆█ 48.2 MB / 537 MB █████ 70 ▂▄▆█ 1.4% 160");
  assertEquals(db.replace(/ +/g, " "), "db 1/1 - - - - -");
  assertLessOrEqual(blog.length, 110);
});

Deno.test("loadTable() leaves columns out for sparklines, and sparklines where there is no room at all", () => {
  const [head = "", blog = ""] = loadTable(history(5), 80);
  assertEquals(head.replace(/ +/g, " "), "SERVICE CPU MEM/LIMIT REQ/S ERR");
  assertEquals(blog.replace(/ +/g, " "), "blog 0.35 ▂▄▆█ 48.2 MB / 537 MB █████ 70 ▂▄▆█ 1.4%");
  assertLessOrEqual(blog.length, 80);
  assertEquals(loadTable(history(5), 60), loadTable(history(5)));
});

Deno.test("loadTable() says under the table why requests are not known", () => {
  const away = new LoadHistory();
  away.add({
    ...sample(1),
    countedSince: undefined,
    countsError: "Cannot count requests: Traefik does not\u001b[2J answer",
  });
  assertEquals(loadTable(away).at(-1), "Cannot count requests: Traefik does not answer");
});

Deno.test("LoadHistory forgets the oldest samples", () => {
  const long = history(100);
  assertEquals([long.length, long.series("blog", "cpus").length], [60, 60]);
  assertEquals(long.series("none", "cpus")[0], undefined);
});

Deno.test("sparkline() draws numbers from 0 to their highest, the newest at the right", () => {
  assertEquals(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), "▁▂▃▄▅▆▇█");
  assertEquals(sparkline([9, 0, 7], 2), "▁█");
  assertEquals(sparkline([5, undefined, 5], 5), "  █ █");
  assertEquals(sparkline([0, 0], 3), " ▁▁");
  assertEquals(sparkline([], 3), "   ");
});
