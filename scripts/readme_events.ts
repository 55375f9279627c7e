import { PRINTED_KINDS } from "../src/client/printed_events.ts";
import { markdownTable, replaceBetween } from "./markdown_table.ts";

const MARKS = [
  "<!-- The table of events is written by scripts/readme_events.ts. -->",
  "<!-- End of the table of events. -->",
] as const;

/** README with its table of printed events made anew from the one source, src/client/printed_events.ts. */
export function withEventsTable(readme: string): string {
  const rows = Object.entries(PRINTED_KINDS).map(([kind, says]) => [`\`${kind}\``, says]);
  return replaceBetween(readme, MARKS, markdownTable([["`kind`", "what it says"], ...rows]));
}

if (import.meta.main) {
  const path = new URL("../README.md", import.meta.url);
  await Deno.writeTextFile(path, withEventsTable(await Deno.readTextFile(path)));
}
