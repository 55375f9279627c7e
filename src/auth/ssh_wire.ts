// SSH's data types (RFC 4251, 5): numbers of 4 bytes, big-endian, and strings behind their length. Key files and the agent
// are written in them.

/** Reads one value after the other. Every method throws a RangeError when there is less than it says. */
export class SshReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** How many bytes were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    if (length > this.left) throw new RangeError(`there are ${this.left} bytes, not ${length}`);
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  byte(): number {
    return this.take(1)[0] ?? 0;
  }

  uint32(): number {
    return new DataView(this.take(4).buffer).getUint32(0);
  }

  string(): Uint8Array<ArrayBuffer> {
    return this.take(this.uint32());
  }

  /** A string of UTF-8; bytes that are none are replaced. */
  text(): string {
    return new TextDecoder().decode(this.string());
  }
}

export function sshUint32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

export function sshString(value: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return joined(sshUint32(bytes.length), bytes);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}
