/** A folder that the server needs. */
export interface Folder {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whether mode and owner matter where it exists already; of a folder with the user's own data they do not. */
  readonly ours: boolean;
}

/** A small file that `init` writes. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

/** What is at a path; links are followed: state may live on another disk. */
export interface FoundEntry {
  readonly kind: "file" | "folder" | "other";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The server's disk as `init` and `uninstall` need it. `src/host` implements it. */
export interface ServerFiles {
  find(path: string): Promise<FoundEntry | undefined>;
  /** A small file's text; undefined when there is none. */
  read(path: string): Promise<string | undefined>;
  /** SHA-256 (hex) of a file; undefined when there is none. */
  digest(path: string): Promise<string | undefined>;
  /** Makes a folder with its parents (0755), or gives an existing one its mode and owner. */
  makeFolder(folder: Folder): Promise<void>;
  /** Writes a file durably: it is there as a whole or not at all, power cut included. */
  write(file: TextFile): Promise<void>;
  /** Copies a program durably, mode 0755; what runs from the old file goes on. */
  copyProgram(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all in it; nothing happens when it is not there. */
  remove(path: string): Promise<void>;
  /** Removes a folder if it is empty. */
  removeIfEmpty(path: string): Promise<void>;
}

/** What `init` asks about the machine itself. `src/host` implements it. */
export interface ServerFacts {
  readonly isRoot: boolean;
  /** Whether PID 1 is systemd. */
  readonly hasSystemd: boolean;
  /** The IPv4 address of the default route's interface; undefined when there is none. */
  address(): Promise<string | undefined>;
  /** The IPv6 addresses by which the internet can reach it. */
  globalIpv6(): Promise<readonly string[]>;
  /** Who listens on a TCP port, such as `nginx (pid 812)`; undefined when nobody does. */
  portOwner(port: number): Promise<string | undefined>;
  /** The running program's own file; undefined when it is not a compiled program. */
  readonly program: string | undefined;
  /** A plain tar of the files that the program needs beside itself, as the receiver's image. */
  receiverImage(): ReadableStream<Uint8Array>;
}

/** What systemd knows of the daemon's unit. */
export interface UnitState {
  readonly enabled: boolean;
  readonly active: boolean;
  /** `MYPAAS_CONTENT` of the running process; undefined when none runs. */
  readonly content: string | undefined;
}

/** systemd, as far as one unit goes. `src/host` implements it. */
export interface Units {
  state(unit: string): Promise<UnitState>;
  /** Makes systemd read the unit files again. */
  reload(): Promise<void>;
  /** Starts it now and at every boot. */
  enable(unit: string): Promise<void>;
  restart(unit: string): Promise<void>;
  /** Stops it now; it starts again at the next boot. */
  stop(unit: string): Promise<void>;
  /** Stops it now and for ever; no error when it is not there. */
  disable(unit: string): Promise<void>;
}
