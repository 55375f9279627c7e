import { ByteReader } from "../archive/byte_reader.ts";

const HEADER_BYTES = 8;

/** A piece of what a container without a terminal writes. */
export interface Frame {
  readonly stream: "stdout" | "stderr";
  readonly bytes: Uint8Array;
}

/**
 * Takes stdout and stderr apart: frames of 8 bytes (`[type, 0, 0, 0, length as 32 bits big endian]`, type 2 is stderr) and
 * their payload. A frame that is cut short is dropped.
 */
export async function* frames(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Frame> {
  const reader = new ByteReader(chunks);
  try {
    while (true) {
      const header = await reader.take(HEADER_BYTES);
      if (header === undefined) return;
      const bytes = await reader.take(new DataView(header.buffer, header.byteOffset).getUint32(4));
      if (bytes === undefined) return;
      yield { stream: header[0] === 2 ? "stderr" : "stdout", bytes };
    }
  } finally {
    await reader.cancel();
  }
}
