import * as v from "valibot";
import { MyPaasError } from "../error.ts";
import type { ServerLayout } from "./layout.ts";

/** Where a service keeps data. */
export type VolumePlace =
  /** A volume of Docker. */
  | { readonly kind: "named"; readonly name: string; readonly service: string }
  /** A folder, its path below the volume root. */
  | { readonly kind: "bind"; readonly path: string };

/** What a backup is about: its first entry. */
export interface AboutBackup {
  readonly kind: "about";
  /** Of the program that wrote it. */
  readonly version: string;
  /** ISO 8601. */
  readonly at: string;
  readonly serverId: string;
  /** Whether its root was `/`: names of images and volumes depend on it. */
  readonly mainRoot: boolean;
  /** The machine's own address, which another one has not. */
  readonly machineAddress: string | undefined;
  /** Where its volume root was when nobody had said where. */
  readonly defaultVolumes: string;
  readonly services: readonly string[];
}

/** What an entry of a backup is; its bytes follow. */
export type BackupEntry =
  | AboutBackup
  /** One of `backupFiles`, of the folder with certificates, or `server.yml`. */
  | { readonly kind: "file"; readonly name: string }
  /** Two tars of each, to be unpacked one over the other; see `src/host/volume_tar.ts`. */
  | { readonly kind: "volume"; readonly place: VolumePlace; readonly copy: "first" | "second" }
  | { readonly kind: "state" }
  /** What `docker save` gives. */
  | { readonly kind: "images"; readonly names: readonly string[] };

/** Any other could lead out of the folder. */
const plainName = v.pipe(v.string(), v.regex(/^[\w-][\w.-]*$/));
const plainPath = v.pipe(
  v.string(),
  v.check((path) => path !== "" && path.split("/").every((part) => part !== "" && part !== "." && part !== "..")),
);

const Schema: v.GenericSchema<unknown, BackupEntry> = v.variant("kind", [
  v.object({
    kind: v.literal("about"),
    version: v.string(),
    at: v.string(),
    serverId: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    mainRoot: v.boolean(),
    machineAddress: v.pipe(v.optional(v.string()), v.transform((address): string | undefined => address)),
    defaultVolumes: v.string(),
    services: v.array(v.string()),
  }),
  v.object({ kind: v.literal("file"), name: v.pipe(v.string(), v.regex(/^(acme\/)?[\w-][\w.-]*$/)) }),
  v.object({
    kind: v.literal("volume"),
    place: v.variant("kind", [
      v.object({ kind: v.literal("named"), name: plainName, service: v.string() }),
      v.object({ kind: v.literal("bind"), path: plainPath }),
    ]),
    copy: v.picklist(["first", "second"]),
  }),
  v.object({ kind: v.literal("state") }),
  v.object({ kind: v.literal("images"), names: v.array(v.string()) }),
]) as v.GenericSchema<unknown, BackupEntry>;

/**
 * Reads what an entry is.
 *
 * @param cannot begins the sentence
 * @throws {MyPaasError} when this version does not know it
 */
export function parseBackupEntry(json: unknown, cannot: string): BackupEntry {
  const result = v.safeParse(Schema, json);
  if (result.success) return result.output;
  throw new MyPaasError(`${cannot}: it has an entry that this version does not know`, {
    hint: "Install the version that wrote it: mypaas upgrade.",
  });
}

/** A file that nothing makes anew. */
export interface BackupFile {
  readonly name: string;
  readonly path: string;
  readonly mode: number;
}

export const SETTINGS_NAME = "server.yml";
/** Begins the names of the files in `layout.acme`. */
export const ACME_PREFIX = "acme/";

/** The files of a server that go into a backup beside its settings and its state, as far as they are there. */
export function backupFiles(layout: ServerLayout, stateKey: string): readonly BackupFile[] {
  return [
    { name: "releases", path: layout.releases, mode: 0o644 },
    { name: "state.key", path: stateKey, mode: 0o600 },
    { name: "daemon.key", path: layout.daemonKey, mode: 0o600 },
    { name: "sealing.key", path: layout.sealingKey, mode: 0o600 },
    { name: "acme-ca.pem", path: layout.acmeCa, mode: 0o644 },
    // The key first: the certificate is the mark that both are there.
    { name: "receiver.key", path: layout.certificateKey, mode: 0o600 },
    { name: "receiver.pem", path: layout.certificate, mode: 0o600 },
  ];
}

/** What a place is called in sentences. */
export function placeName(place: VolumePlace): string {
  return place.kind === "named" ? place.name : `~/${place.path}`;
}
