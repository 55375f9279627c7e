// Large files are cut where their content says, so that what is inserted or changed moves no cut but those beside it. The
// cut of a chunk is the place between its least and its greatest size at which a hash of the bytes around is the smallest:
// a window that moves a little has the same smallest hash. This is how winnowing chooses (Schleimer, Wilkerson, Aiken,
// SIGMOD 2003) and Asymmetric Extremum cuts (Zhang et al., INFOCOM 2015).
//
// A hash that rolls over every byte, as FastCDC's, is not for us: the program is compiled with --lite-mode, in which a loop
// over bytes runs at 20 MB/s and there is no WebAssembly. So only places after one value of a byte are looked at: V8 finds
// them natively, and in random data they are every 256th. It comes to 900 MB/s there, and 80 MB/s or more in text.
import { MAX_CHUNK_BYTES } from "../wire/limits.ts";

/** No chunk but a file's last is smaller. On average they are in the middle of this and `MAX_CHUNK_BYTES`. */
export const MIN_CUT_BYTES = 256 << 10;

/** Bytes before and after a place that its hash looks at. */
const AROUND = 32;

/**
 * Values that are looked for, the next one where there are too few of the one before: ends of lines, then what is frequent
 * in text without lines.
 */
const VALUES = ["\n", " ", "e", "0", "A"].map((character) => character.charCodeAt(0));
/** With fewer places the next value is better. */
const FEW = 8;
/** To look at more would take too long, as in a file of one byte over and over. */
const MANY = 1 << 16;
/** Nor are places compared any more that have the same hash, once so many were the same all around, as in equal lines. */
const MANY_EQUAL = 256;

/**
 * Cuts the bytes of a file into chunks of `MIN_CUT_BYTES` to `MAX_CHUNK_BYTES`, the last one of 1 or more.
 *
 * @param parts the bytes in order, in pieces of any size
 */
export async function* cutChunks(
  parts: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const buffer = new Uint8Array(2 * MAX_CHUNK_BYTES);
  let filled = 0;
  for await (const part of parts) {
    for (let rest = part; rest.length > 0;) {
      const taken = rest.subarray(0, buffer.length - filled);
      buffer.set(taken, filled);
      filled += taken.length;
      rest = rest.subarray(taken.length);
      while (filled > MAX_CHUNK_BYTES) {
        const end = cutPlace(buffer.subarray(0, MAX_CHUNK_BYTES));
        yield buffer.slice(0, end);
        buffer.copyWithin(0, end, filled);
        filled -= end;
      }
    }
  }
  if (filled > 0) yield buffer.slice(0, filled);
}

/** Where a chunk ends, of `MAX_CHUNK_BYTES` that it could have; at its greatest size when no place is better. */
function cutPlace(bytes: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = bytes.length - AROUND;
  for (const value of VALUES) {
    let best = Infinity;
    let place = 0;
    let count = 0;
    let equal = 0;
    for (let at = bytes.indexOf(value, MIN_CUT_BYTES); at !== -1 && at < last; at = bytes.indexOf(value, at + 1)) {
      if (++count > MANY) break;
      // Lines often begin alike: some bytes from before the place, and some from further behind it.
      const hash = mixed(view.getUint32(at - 4), view.getUint32(at + 20));
      if (hash > best || hash === best && equal >= MANY_EQUAL) continue;
      if (hash === best) {
        const order = compared(view, at, place);
        if (order === 0) equal++;
        if (order >= 0) continue;
      }
      best = hash;
      place = at;
    }
    if (count >= FEW && count <= MANY) return place + 1;
  }
  return bytes.length;
}

/** Orders places with the same hash by more bytes around them: below 0, 0 when all are the same, above 0. */
function compared(view: DataView, at: number, other: number): number {
  for (let offset = -AROUND; offset < AROUND; offset += 4) {
    const a = view.getUint32(at + offset);
    const b = view.getUint32(other + offset);
    if (a !== b) return mixed(a, offset) - mixed(b, offset);
  }
  return 0;
}

/** Two numbers as one of 32 bits that looks random: multiplications as in xxHash32, and what they leave in the upper bits. */
function mixed(a: number, b: number): number {
  const sum = Math.imul(a, 0x9e3779b1) + Math.imul(b, 0x85ebca77);
  return Math.imul(sum ^ (sum >>> 15), 0xc2b2ae3d) >>> 0;
}
