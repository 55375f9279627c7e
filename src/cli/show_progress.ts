import { type DeployEnd, followDeploy, type FollowOptions } from "../client/follow_deploy.ts";
import { ProgressLines, type PushEvent } from "../client/progress.ts";
import { type Glance, ProgressScreen } from "../client/progress_screen.ts";
import type { Terminal } from "../host/terminal.ts";
import { ticks } from "../wait.ts";
import type { CliContext } from "./context.ts";

/** How often what goes on is drawn anew, where it changed; a terminal's new size is noticed then, too. */
const TICK_MS = 100;
/** Of a terminal that does not tell its size. */
const COLUMNS = 80;
const ROWS = 24;

/** Shows the events of a push, or of other work on a service, while they come. */
export interface ProgressView extends Disposable {
  show(event: PushEvent): void;
}

export interface ShowOptions {
  /** What goes on before the first event, such as `reading the folder`. */
  readonly first?: string;
  /** Shows nothing at all. */
  readonly quiet?: boolean;
}

/**
 * Begins to show progress: one JSON object per line on standard output with `--json`; on a terminal (standard error) lines
 * that are drawn again while they change; elsewhere plain lines. When it is disposed of, the terminal's cursor is at the
 * start of a line.
 */
export function showProgress(
  { json, terminal, env }: Pick<CliContext, "json" | "terminal" | "env">,
  { first = "waiting for the server", quiet = false }: ShowOptions = {},
): ProgressView {
  if (json) return linesView((event) => terminal.out(JSON.stringify(event)));
  if (quiet) return linesView(() => {});
  if (terminal.isTerminal.stderr && env("TERM") !== "dumb") return new ScreenView(terminal, first);
  const progress = new ProgressLines();
  return linesView((event) => progress.next(event).forEach((line) => terminal.err(line)));
}

/** Follows a deploy, or other work on a service, and shows it until its end. */
export async function followShown(
  connection: Parameters<typeof followDeploy>[0],
  options: FollowOptions,
  context: Pick<CliContext, "json" | "terminal" | "env">,
): Promise<DeployEnd> {
  using progress = showProgress(context);
  return await followDeploy(connection, options, (event) => progress.show(event));
}

/** Columns for lines on standard output; undefined when it is no terminal. */
export function columnsOfOut({ isTerminal, width }: Pick<Terminal, "isTerminal" | "width">): number | undefined {
  return isTerminal.stdout ? width() || COLUMNS : undefined;
}

function linesView(show: (event: PushEvent) => void): ProgressView {
  return { show, [Symbol.dispose]: () => {} };
}

class ScreenView implements ProgressView {
  readonly #terminal: Pick<Terminal, "draw" | "width" | "height">;
  readonly #screen: ProgressScreen;
  readonly #ended = new AbortController();

  constructor(terminal: Pick<Terminal, "draw" | "width" | "height">, first: string) {
    this.#terminal = terminal;
    this.#screen = new ProgressScreen(first, performance.now());
    void this.#tick();
  }

  show(event: PushEvent): void {
    this.#write(this.#screen.next(event, this.#glance()));
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.#write(this.#screen.end(this.#glance()));
  }

  async #tick(): Promise<void> {
    for await (const _beat of ticks(TICK_MS, this.#ended.signal)) this.#write(this.#screen.tick(this.#glance()));
  }

  #glance(): Glance {
    const { width, height } = this.#terminal;
    return { now: performance.now(), columns: width() || COLUMNS, rows: height() || ROWS };
  }

  #write(text: string): void {
    if (text !== "") this.#terminal.draw(text);
  }
}
