import { TimeoutError } from "../../../src/wait.ts";
import { sha256 } from "../../../src/host/hash.ts";
import { zstdCompress } from "../../../src/host/zstd.ts";
import { encodeFrame } from "../../../src/wire/frames.ts";
import { isTraefiks, telltale } from "./attack.ts";
import { type Attacker, bytesOf, type Crafted, type Door, OWN, written } from "./attacker.ts";

export interface FuzzOptions {
  /** Of the first request; request n has the seed `seed + n`, so each can be sent again alone. */
  readonly seed: number;
  /** Ends after so many seconds, or requests. */
  readonly seconds: number;
  readonly requests?: number | undefined;
}

/** A request that was not answered as it should be. */
export interface FuzzFailure {
  readonly seed: number;
  readonly what: string;
  readonly problem: string;
}

export interface FuzzResult {
  readonly seed: number;
  readonly requests: number;
  /** Answers by status; 0: the connection was closed. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests for whose rest Traefik still waited when the time of one was over. */
  readonly waited: number;
  readonly slowestMs: number;
  readonly failures: readonly FuzzFailure[];
}

/** Requests at the same time: as many as one address may have, and room for others. */
const SIDE_BY_SIDE = 8;
/** No request may take longer, in milliseconds. */
const SLOWEST_MS = 8000;

/** Sends requests that are nearly good, each made from its seed, and counts how they are answered. */
export async function fuzz(
  attacker: Attacker,
  { seed, seconds, requests = Infinity }: FuzzOptions,
): Promise<FuzzResult> {
  const end = performance.now() + seconds * 1000;
  const answers = new Map<number, number>();
  const failures: FuzzFailure[] = [];
  let sent = 0;
  let waited = 0;
  let slowestMs = 0;
  const sender = async () => {
    while (sent < requests && performance.now() < end) {
      const own = seed + sent++;
      const { bytes, door, what } = await nearlyGood(attacker, new Dice(own));
      try {
        const answered = await attacker.raw(bytes, { door, cutAfterMs: 300, timeoutMs: SLOWEST_MS });
        const { status, ms, raw, text } = answered;
        answers.set(status, (answers.get(status) ?? 0) + 1);
        slowestMs = Math.max(slowestMs, Math.round(ms));
        const problem = telltale(raw) ??
          (status < 500 || isTraefiks(answered) || text.startsWith('{"error":') ? undefined : raw.slice(0, 500));
        if (problem !== undefined) failures.push({ seed: own, what, problem });
      } catch (error) {
        // Traefik waits for the rest of a body without an end; what stands behind it does not.
        if (door === "traefik" && error instanceof TimeoutError) waited++;
        else failures.push({ seed: own, what, problem: String(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, sender));
  const byStatus = [...answers].sort(([a], [b]) => a - b).map(([status, count]) => [String(status), count]);
  return { seed, requests: sent, answers: Object.fromEntries(byStatus), waited, slowestMs, failures };
}

/** Random numbers from a seed: mulberry32. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number below `sides`. */
  below(sides: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * sides);
  }

  one<T>(list: readonly [T, ...T[]]): T {
    return list[this.below(list.length)] ?? list[0];
  }

  /** Whether something happens that has so many chances in 100. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

interface Made {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly door: Door;
  readonly what: string;
}

const DIGEST = "a".repeat(64);
const MANIFEST = {
  service: OWN,
  dockerfile: "Dockerfile",
  manifest: {
    entries: [
      { type: "file", path: "Dockerfile", mode: 420, size: 3, chunks: [{ digest: DIGEST, size: 3 }] },
      { type: "dir", path: "a", mode: 493 },
      { type: "file", path: "a/b", mode: 420, size: 0, chunks: [] },
      { type: "link", path: "a/c", target: "../b" },
    ],
  },
  force: false,
  dryRun: true,
};
const LOGIN = {
  invite: "0".repeat(16),
  publicKey: "A".repeat(43),
  nonce: "0".repeat(32),
  proof: "0".repeat(64),
  signature: "A".repeat(86),
};

function frames(dice: Dice): Uint8Array<ArrayBuffer> {
  const all = Array.from({ length: 1 + dice.below(4) }, () => {
    const content = new Uint8Array(1 + dice.below(3000)).map(() => dice.below(4));
    return encodeFrame(content, { digest: sha256(content), compress: zstdCompress });
  });
  return Uint8Array.from(all.flatMap((one) => [...one]));
}

/** A good request, before anything is changed. */
function good(dice: Dice): Crafted {
  const json = (where: string, value: unknown): Crafted => ({
    where,
    body: bytesOf(JSON.stringify(dice.chance(80) ? bent(value, dice) : value)),
  });
  switch (dice.below(8)) {
    case 0:
      return { where: "GET /v1/services" };
    case 1:
      return { where: `GET /v1/services/${OWN}/releases` };
    case 2:
      return json("POST /v1/login", LOGIN);
    case 3:
      return json(`POST /v1/missing?service=${OWN}`, { digests: [DIGEST, "b".repeat(64)] });
    case 4:
    case 5:
      return { where: `PUT /v1/blobs?service=${OWN}`, body: frames(dice) };
    default:
      return json(`POST /v1/deploy?service=${OWN}`, MANIFEST);
  }
}

async function nearlyGood(attacker: Attacker, dice: Dice): Promise<Made> {
  const crafted = good(dice);
  const streamed = crafted.where.startsWith("PUT");
  const damaged = dice.chance(50) && crafted.body instanceof Uint8Array
    ? { ...crafted, body: broken(crafted.body, dice) }
    : crafted;
  // Signed as it is sent, so that it comes further than the signature; or changed behind its signature.
  const signed = dice.chance(80) ? damaged : crafted;
  const headers = crafted.where.includes("login") ? [] : await attacker.sign(signed, { streamed });
  const all = dice.chance(30) ? oddHeaders(headers, dice) : headers;
  const where = dice.chance(15) ? oddText(damaged.where, dice) : damaged.where;
  const bytes = written({ ...damaged, where, headers: all }, attacker.host);
  const door = dice.one<Door>(["traefik", "traefik", "receiver", "gate"]);
  return { bytes: dice.chance(15) ? broken(bytes, dice) : bytes, door, what: `${door}: ${where.slice(0, 80)}` };
}

/** Bytes with some of them changed, taken out, put in or doubled. */
function broken(bytes: Uint8Array<ArrayBuffer>, dice: Dice): Uint8Array<ArrayBuffer> {
  let list = [...bytes];
  for (let times = 1 + dice.below(4); times > 0; times--) {
    const at = dice.below(list.length + 1);
    const length = dice.below(40);
    switch (dice.below(5)) {
      case 0:
        list[at] = dice.below(256);
        break;
      case 1:
        list.splice(at, length);
        break;
      case 2:
        list.splice(at, 0, ...Array.from({ length }, () => dice.below(256)));
        break;
      case 3:
        list.splice(at, 0, ...list.slice(at, at + length));
        break;
      default:
        list = list.slice(0, at);
    }
  }
  return Uint8Array.from(list.map((byte) => byte ?? 0));
}

const ODD: readonly [unknown, ...unknown[]] = [
  ...[
    null,
    true,
    0,
    -1,
    1.5,
    2 ** 53,
    1e308,
    "",
    "..",
    "/",
    "\0",
    "a".repeat(5000),
    "\ud800",
    "__proto__",
    "\u{1f600}",
  ],
  ...[[], {}, [[]], { length: 1 }, { toString: 1 }],
] as [unknown, ...unknown[]];

/** A value of JSON with one part of it replaced, left out, doubled or renamed. */
function bent(value: unknown, dice: Dice): unknown {
  if (typeof value !== "object" || value === null || dice.chance(15)) return dice.one(ODD);
  if (Array.isArray(value)) {
    const at = dice.below(value.length + 1);
    if (dice.chance(20)) return value.toSpliced(at, 1);
    if (dice.chance(20)) return value.toSpliced(at, 0, value[dice.below(value.length)]);
    return value.toSpliced(at, 1, bent(value[at], dice));
  }
  const fields = Object.entries(value);
  const at = dice.below(fields.length);
  const [name = "", old] = fields[at] ?? [];
  if (dice.chance(10)) return Object.fromEntries(fields.toSpliced(at, 1));
  if (dice.chance(10)) return Object.fromEntries([...fields, [JSON.stringify(dice.one(ODD)), dice.one(ODD)]]);
  return Object.fromEntries(fields.toSpliced(at, 1, [name, bent(old, dice)]));
}

function oddText(text: string, dice: Dice): string {
  const at = dice.below(text.length);
  const odd = dice.one([
    "%00",
    "..",
    "/../",
    "%2e%2e/",
    "//",
    "\t",
    "\\",
    "?",
    "&service=other",
    "#",
    "\xff",
    "%",
    ";",
    ":",
  ]);
  return text.slice(0, at) + odd + text.slice(at + dice.below(3));
}

function oddHeaders(
  headers: readonly (readonly [string, string])[],
  dice: Dice,
): readonly (readonly [string, string])[] {
  if (headers.length === 0 || dice.chance(40)) {
    const name = dice.one([
      ...["content-length", "transfer-encoding", "content-encoding", "expect", "connection", "host", "upgrade"],
      ...["x-forwarded-for", "mypaas-client-address", "content-digest", "signature", "te", "trailer", "range"],
    ] as [string, ...string[]]);
    const value = dice.one([
      "0",
      "-1",
      "chunked",
      "close",
      "100-continue",
      "a, b",
      "",
      "h2c",
      "x".repeat(2000),
      "sig=:AA==:",
    ]);
    return [...headers, [name, value]];
  }
  const at = dice.below(headers.length);
  const [name, value] = headers[at] ?? ["a", "b"];
  if (dice.chance(30)) return headers.toSpliced(at, 1);
  if (dice.chance(30)) return [...headers, [name, value]];
  return headers.toSpliced(at, 1, [name, oddText(value, dice)]);
}
