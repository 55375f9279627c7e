import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { BuildLine } from "../deploy/runtime.ts";
import type { BuildFailure } from "./build_failure.ts";
import type { EngineProgress } from "./image_requests.ts";
import { StepOutput } from "./step_output.ts";

/** Steps that say nothing about the user's Dockerfile. */
const HIDDEN = /^\[internal\]|^copy \/context \/$/;

interface Vertex {
  name: string;
  announced: boolean;
  error: string;
  readonly output: StepOutput;
}

/**
 * Follows one BuildKit build by its `moby.buildkit.trace` records: a protobuf `StatusResponse` each
 * (moby/buildkit api/services/control/control.proto). Unknown fields are skipped.
 */
export class BuildTrace {
  readonly #vertices = new Map<string, Vertex>();

  /**
   * Reads the next record; its `aux` is base64.
   *
   * @returns what is new: a line without text says that its step begins, text `cached` that it needs not run
   */
  read({ id, aux }: EngineProgress): readonly BuildLine[] {
    if (id !== "moby.buildkit.trace" || typeof aux !== "string") return [];
    const lines: BuildLine[] = [];
    forEachField(Uint8Array.fromBase64(aux), (field, value) => {
      if (field === 1) lines.push(...this.#readVertex(value()));
      else if (field === 3) lines.push(...this.#readLog(value()));
      else if (field === 4) lines.push({ step: "", text: `warning: ${warningText(value())}` });
      else return false;
      return true;
    });
    return lines;
  }

  /** The first step that failed by itself, not because another had. */
  failure(): BuildFailure | undefined {
    for (const { name, error, output } of this.#vertices.values()) {
      if (error === "" || error.includes("context canceled")) continue;
      output.end();
      return { step: HIDDEN.test(name) ? "" : name, error, output: output.tail() };
    }
    return undefined;
  }

  #readVertex(bytes: Uint8Array): readonly BuildLine[] {
    let digest = "", name = "", error = "", cached = false, started = false, completed = false;
    forEachField(bytes, (field, value, reader) => {
      if (field === 1) digest = text(value());
      else if (field === 3) name = text(value());
      else if (field === 4) cached = reader.bool();
      else if (field === 5) started = value().length > 0;
      else if (field === 6) completed = value().length > 0;
      else if (field === 7) error = text(value());
      else return false;
      return true;
    });
    const vertex = this.#vertex(digest);
    if (name !== "") vertex.name = name;
    if (error !== "") vertex.error = error;
    const lines: BuildLine[] = [];
    if ((started || cached) && !vertex.announced) {
      vertex.announced = true;
      if (!HIDDEN.test(vertex.name)) lines.push({ step: vertex.name, text: cached ? "cached" : "" });
    }
    if (completed) lines.push(...linesOf(vertex, vertex.output.end()));
    return lines;
  }

  #readLog(bytes: Uint8Array): readonly BuildLine[] {
    let digest = "", stream = 1, message: Uint8Array = new Uint8Array();
    forEachField(bytes, (field, value, reader) => {
      if (field === 1) digest = text(value());
      else if (field === 3) stream = Number(reader.int64());
      else if (field === 4) message = value();
      else return false;
      return true;
    });
    const vertex = this.#vertex(digest);
    return linesOf(vertex, vertex.output.write(stream, message));
  }

  #vertex(digest: string): Vertex {
    const known = this.#vertices.get(digest);
    if (known) return known;
    const vertex = { name: "", announced: false, error: "", output: new StepOutput() };
    this.#vertices.set(digest, vertex);
    return vertex;
  }
}

function linesOf({ name }: Vertex, texts: readonly string[]): readonly BuildLine[] {
  return HIDDEN.test(name) ? [] : texts.map((text) => ({ step: name, text }));
}

function warningText(bytes: Uint8Array): string {
  let short = "";
  forEachField(bytes, (field, value) => {
    if (field !== 3) return false;
    short = text(value());
    return true;
  });
  return short;
}

/** Calls `take` for each field of a message; it reads the field (bytes by `value`) and says true, or says false to skip it. */
function forEachField(
  message: Uint8Array,
  take: (field: number, value: () => Uint8Array, reader: BinaryReader) => boolean,
): void {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (!take(field, () => reader.bytes(), reader)) reader.skip(type, field);
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
