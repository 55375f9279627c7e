import { Redraw } from "../client/redraw.ts";
import { untilStopped } from "../host/process.ts";
import { ticks } from "../wait.ts";
import type { CliContext } from "./context.ts";

/** What a frame is made for. */
export interface FrameRequest {
  /** Aborts when the program is asked to end. */
  readonly signal: AbortSignal;
  /** Columns of the terminal that the frame is drawn on in place; undefined: its lines are appended to what was printed. */
  readonly columns: number | undefined;
}

/**
 * Shows frames in a rhythm until the program is asked to end (Ctrl-C, SIGTERM), which is no error. On a terminal each takes
 * the place of the one before it; elsewhere, and with `--json`, lines follow lines.
 */
export async function watchFrames(
  frame: (request: FrameRequest) => Promise<readonly string[]>,
  { intervalMs, context: { terminal, json, env } }: {
    readonly intervalMs: number;
    readonly context: Pick<CliContext, "terminal" | "json" | "env">;
  },
): Promise<void> {
  const ended = new AbortController();
  untilStopped().then(() => ended.abort());
  const redraw = terminal.isTerminal.stdout && !json && env("TERM") !== "dumb" ? new Redraw() : undefined;
  try {
    for await (const _beat of ticks(intervalMs, ended.signal)) {
      const lines = await frame({ signal: ended.signal, columns: redraw && (terminal.width() || 80) });
      if (redraw === undefined) { for (const line of lines) terminal.out(line); }
      else terminal.out(redraw.next(lines, { columns: terminal.width() || 80, rows: terminal.height() || 24 }));
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  }
}
