/** What every command gets beside its own flags. */
export interface CliContext {
  /** Root of the server's paths, absolute. */
  readonly root: string;
  readonly json: boolean;
  readonly terminal: Terminal;
  /** The folder the program was started in. */
  readonly cwd: string;
  readonly version: string;
  /** A variable of the environment; undefined when it is not set or empty. */
  readonly env: (name: string) => string | undefined;
}

/** Where a command prints. Results go to `out`, everything else to `err`. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** Whether a person reads standard output. */
  readonly interactive: boolean;
}

/** Makes a command's implementation known; it is loaded only when the command runs. */
export type Run<Request> = (request: Request) => Promise<void>;
