/** The release, or the service as a whole, that a line of the daemon's log is about. */
export interface LogSubject {
  readonly service: string;
  readonly release?: number;
}

/** Tells whoever runs the daemon something: a line, or several, of plain text. */
export type Log = (line: string, about?: LogSubject) => void;
