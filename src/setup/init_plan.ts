import { MyPaasError } from "../error.ts";
import type { PartContainer, PartState } from "./machine.ts";
import type { Folder, FoundEntry, TextFile, UnitState } from "./server_files.ts";
import type { NetworkKey } from "./settings_file.ts";
import { UNIT_NAME } from "./unit.ts";

/** One change that `init` makes. Each can be made again without harm. */
export type InitAction =
  | { readonly kind: "folder"; readonly folder: Folder; readonly exists: boolean }
  | { readonly kind: "file"; readonly file: TextFile }
  | { readonly kind: "program"; readonly path: string }
  | { readonly kind: "certificate"; readonly address: string }
  | { readonly kind: "network"; readonly network: NetworkKey; readonly name: string }
  | { readonly kind: "pull-image" | "import-image"; readonly image: string }
  | { readonly kind: "create-part" | "replace-part"; readonly part: PartContainer }
  | { readonly kind: "start-part" | "remove-part"; readonly name: string }
  | { readonly kind: "reload-units" | "start-unit" | "restart-unit" }
  | { readonly kind: "remove-unit"; readonly path: string };

/** Names an action in a few words, for the output and the tests. */
export function describeAction(action: InitAction): string {
  switch (action.kind) {
    case "folder":
      return `${action.exists ? "set mode and owner of" : "make"} folder ${action.folder.path}`;
    case "file":
      return `write ${action.file.path}`;
    case "program":
      return `copy the program to ${action.path}`;
    case "certificate":
      return `make a certificate for ${action.address}`;
    case "network":
      return `create network ${action.name}`;
    case "pull-image":
      return `pull image ${action.image}`;
    case "import-image":
      return `make image ${action.image}`;
    case "create-part":
      return `start container ${action.part.name}`;
    case "replace-part":
      return `replace container ${action.part.name}`;
    case "start-part":
      return `start container ${action.name} again`;
    case "remove-part":
      return `remove container ${action.name}`;
    case "reload-units":
      return "make systemd read its units again";
    case "start-unit":
      return `start ${UNIT_NAME}, now and at every boot`;
    case "restart-unit":
      return `restart ${UNIT_NAME}`;
    case "remove-unit":
      return `stop and remove ${UNIT_NAME}`;
  }
}

/** What must be there before any container can be made. */
export interface WantedGround {
  readonly folders: readonly Folder[];
  readonly files: readonly TextFile[];
  readonly program: { readonly path: string; readonly digest: string };
  /** The only name of the certificate made here; undefined when the server has a domain. */
  readonly certificateFor: string | undefined;
  readonly networks: readonly { readonly network: NetworkKey; readonly name: string }[];
  readonly traefikImage: string;
  readonly receiverImage: string;
}

export interface FoundGround {
  readonly entries: ReadonlyMap<string, FoundEntry>;
  readonly texts: ReadonlyMap<string, string>;
  readonly programDigest: string | undefined;
  /** Names that the certificate on the disk stands for; empty when there is none, or no key. */
  readonly certificateNames: readonly string[];
  readonly networks: ReadonlySet<string>;
  readonly images: ReadonlySet<string>;
}

/** What is missing or different below the containers, in the order in which it is made. */
export function planGround(wanted: WantedGround, found: FoundGround): readonly InitAction[] {
  const actions: InitAction[] = [];
  for (const folder of wanted.folders) {
    const entry = found.entries.get(folder.path);
    if (entry === undefined || folder.ours && !sameEntry(folder, entry)) {
      actions.push({ kind: "folder", folder, exists: entry !== undefined });
    }
    // The settings come before all else: they hold the id by which everything is known again after a power cut.
    if (folder === wanted.folders[0]) actions.push(...planFiles(wanted.files, found));
  }
  if (found.programDigest !== wanted.program.digest) actions.push({ kind: "program", path: wanted.program.path });
  const address = wanted.certificateFor;
  if (address !== undefined && !found.certificateNames.includes(address)) {
    actions.push({ kind: "certificate", address });
  }
  for (const { network, name } of wanted.networks) {
    if (!found.networks.has(name)) actions.push({ kind: "network", network, name });
  }
  if (!found.images.has(wanted.traefikImage)) actions.push({ kind: "pull-image", image: wanted.traefikImage });
  if (!found.images.has(wanted.receiverImage)) actions.push({ kind: "import-image", image: wanted.receiverImage });
  return actions;
}

/** The files and programs that run on the ground. */
export interface WantedParts {
  readonly instance: string;
  readonly files: readonly TextFile[];
  /** In the order in which they are started, with the digest of each. */
  readonly parts: readonly { readonly part: PartContainer; readonly digest: string }[];
  /** The name of the daemon's container, which must not be there under another supervisor. */
  readonly daemonName: string;
  readonly unitPath: string;
  /** The unit and what its process must have been started with; undefined under another supervisor. */
  readonly unit: { readonly file: TextFile; readonly content: string } | undefined;
}

export interface FoundParts extends Pick<FoundGround, "entries" | "texts"> {
  /** By name. */
  readonly parts: ReadonlyMap<string, PartState>;
  readonly unit: UnitState | undefined;
}

/**
 * What is missing, different or stopped. What did not change is left alone.
 *
 * @throws {MyPaasError} when somebody else's container has a name that is needed
 */
export function planParts(wanted: WantedParts, found: FoundParts): readonly InitAction[] {
  for (const { part: { name } } of wanted.parts) {
    if ((found.parts.get(name)?.instance ?? wanted.instance) !== wanted.instance) {
      throw new MyPaasError(`Cannot use the name "${name}": a container that this server did not make has it`, {
        hint: `Look at it with docker inspect ${name}, and remove or rename it`,
      });
    }
  }
  return [
    ...planFiles(wanted.files, found),
    ...planOtherSupervisor(wanted, found),
    ...wanted.parts.flatMap(({ part, digest }) => planPart(part, digest, found.parts.get(part.name))),
    ...wanted.unit ? planUnit(wanted.unit, found) : [],
  ];
}

function planFiles(files: readonly TextFile[], found: Pick<FoundGround, "entries" | "texts">): InitAction[] {
  return files
    .filter(({ path, text, mode }) => found.texts.get(path) !== text || found.entries.get(path)?.mode !== mode)
    .map((file) => ({ kind: "file", file }));
}

/** Two daemons must never run, so the one of the supervisor before goes first. */
function planOtherSupervisor(wanted: WantedParts, found: FoundParts): InitAction[] {
  const actions: InitAction[] = [];
  const inContainer = wanted.parts.some(({ part }) => part.name === wanted.daemonName);
  if (!inContainer && found.parts.get(wanted.daemonName)?.instance === wanted.instance) {
    actions.push({ kind: "remove-part", name: wanted.daemonName });
  }
  if (wanted.unit === undefined && found.entries.has(wanted.unitPath)) {
    actions.push({ kind: "remove-unit", path: wanted.unitPath });
  }
  return actions;
}

function planPart(part: PartContainer, digest: string, state: PartState | undefined): InitAction[] {
  if (state === undefined) return [{ kind: "create-part", part }];
  if (state.digest !== digest) return [{ kind: "replace-part", part }];
  return state.running ? [] : [{ kind: "start-part", name: part.name }];
}

function planUnit({ file, content }: NonNullable<WantedParts["unit"]>, found: FoundParts): InitAction[] {
  const written = planFiles([file], found);
  const actions: InitAction[] = written.length > 0 ? [...written, { kind: "reload-units" }] : [];
  const { active, enabled, content: runs } = found.unit ?? { active: false, enabled: false, content: undefined };
  if (!active || !enabled) actions.push({ kind: "start-unit" });
  if (active && (runs !== content || written.length > 0)) actions.push({ kind: "restart-unit" });
  return actions;
}

function sameEntry(folder: Folder, { kind, mode, uid, gid }: FoundEntry): boolean {
  return kind === "folder" && mode === folder.mode && uid === folder.uid && gid === folder.gid;
}
