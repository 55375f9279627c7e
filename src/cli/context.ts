import type { Terminal } from "../host/terminal.ts";

/** What every command gets beside its own flags. */
export interface CliContext {
  /** Root of the server's paths, absolute. */
  readonly root: string;
  readonly json: boolean;
  /** Results go to `out`, everything else to `err`. */
  readonly terminal: Terminal;
  /** The folder the program was started in. */
  readonly cwd: string;
  readonly version: string;
  /** A variable of the environment; undefined when it is not set or empty. */
  readonly env: (name: string) => string | undefined;
}

/** Makes a command's implementation known; it is loaded only when the command runs. */
export type Run<Request> = (request: Request) => Promise<void>;
