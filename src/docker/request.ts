import * as v from "valibot";

/** One call to the Docker Engine API, written down but not yet made. */
export interface DockerRequest<T> {
  /** Completes the sentence "Cannot ...". */
  readonly action: string;
  readonly method: "GET" | "POST" | "DELETE";
  /** With its query, without the API version. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Such as a credential: never told in an error. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Keeps the few fields MyPaas reads from the answer. */
  readonly decode: (answer: unknown) => T;
}

/** A call whose answer, and perhaps body, is a stream. */
export interface DockerStream<T> {
  /** Completes the sentence "Cannot ...". */
  readonly action: string;
  readonly method: "GET" | "POST";
  readonly path: string;
  /** A tar. */
  readonly body?: ReadableStream<Uint8Array>;
  /** Such as a credential: never told in an error. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly decode: (answer: AsyncIterable<Uint8Array>) => AsyncIterable<T>;
}

/** A call whose connection becomes a plain stream, both ways. */
export interface DockerHijack {
  /** Completes the sentence "Cannot ...". */
  readonly action: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Values of a query: undefined and false are left out, true is `1`, objects are JSON (as the Engine wants its filters). */
export type Query = Readonly<Record<string, string | number | boolean | object | undefined>>;

/** Writes a path of the API; every part is encoded. */
export function apiPath(parts: readonly string[], query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    search.set(name, value === true ? "1" : typeof value === "object" ? JSON.stringify(value) : String(value));
  }
  const path = parts.map((part) => `/${encodeURIComponent(part)}`).join("");
  return search.size === 0 ? path : `${path}?${search}`;
}

/** A decoder by schema; fields that the schema does not name are dropped. */
export function decodeAs<S extends v.GenericSchema>(schema: S): (answer: unknown) => v.InferOutput<S> {
  return (answer) => v.parse(schema, answer);
}

/** For answers that nobody reads. */
export function ignoreAnswer(): void {}

/** Go writes null for an empty map. */
export const LabelsSchema: v.GenericSchema<unknown, Record<string, string>> = v.pipe(
  v.nullish(v.record(v.string(), v.string())),
  v.transform((labels) => labels ?? {}),
);
