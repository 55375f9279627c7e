import { basename, dirname } from "node:path";
import { contextTar } from "../archive/context_tar.ts";
import { MyPaasError } from "../error.ts";
import type { ManifestEntry } from "../wire/manifest.ts";
import { sha256 } from "./hash.ts";

/** A file that the running program needs beside itself. */
export interface SelfFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * The shared libraries that this process has mapped, under every name that the loader may ask for, and the loader where
 * the program's ELF header wants it: with them and the program itself an empty folder is a root that it runs in.
 */
export async function selfFiles(): Promise<readonly SelfFile[]> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const path of mappedLibraries(await Deno.readTextFile("/proc/self/maps"))) {
    const bytes = await Deno.readFile(path);
    for (const name of await namesOf(path)) files.set(name, bytes);
  }
  const loader = await elfInterpreter(Deno.execPath());
  files.set(loader, await Deno.readFile(loader));
  return [...files].map(([path, bytes]) => ({ path, bytes })).sort((a, b) => a.path < b.path ? -1 : 1);
}

/** The paths of the `*.so` files in a `/proc/<pid>/maps` (proc(5)), each once. */
export function mappedLibraries(maps: string): readonly string[] {
  const paths = maps.split("\n").flatMap((line) => {
    // A library that was upgraded meanwhile has ` (deleted)`; the new one is where it was.
    const path = /\s(\/.*?)(?: \(deleted\))?$/.exec(line)?.[1];
    return path !== undefined && /\.so(\.|$)/.test(basename(path)) ? [path] : [];
  });
  return [...new Set(paths)];
}

/** A library's own path and the links beside it that lead to it, such as `libc.so.6` to `libc-2.31.so`. */
async function namesOf(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const names = [path];
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.isSymlink || !/\.so\.\d/.test(entry.name)) continue;
    const link = `${folder}/${entry.name}`;
    if (basename(await Deno.readLink(link)) === basename(path)) names.push(link);
  }
  return names;
}

/**
 * The loader that a 64-bit little-endian ELF program names in its PT_INTERP segment (elf(5)).
 *
 * @throws {MyPaasError} when it is no such program
 */
export async function elfInterpreter(program: string): Promise<string> {
  using file = await Deno.open(program);
  async function at(offset: number, size: number): Promise<DataView> {
    const bytes = new Uint8Array(size);
    await file.seek(offset, Deno.SeekMode.Start);
    const count = await file.read(bytes);
    if (count !== size) throw new MyPaasError(`Cannot find the loader of "${program}": it is no ELF program`);
    return new DataView(bytes.buffer);
  }
  const header = await at(0, 64);
  if (header.getUint32(0) === 0x7f454c46 && header.getUint8(4) === 2) {
    const [start, size, count] = [
      header.getBigUint64(0x20, true),
      header.getUint16(0x36, true),
      header.getUint16(0x38, true),
    ];
    for (let i = 0; i < count; i++) {
      const segment = await at(Number(start) + i * size, size);
      if (segment.getUint32(0, true) !== 3) continue;
      const text = await at(Number(segment.getBigUint64(0x08, true)), Number(segment.getBigUint64(0x20, true)));
      return new TextDecoder().decode(text).replace(/\0+$/, "");
    }
  }
  throw new MyPaasError(`Cannot find the loader of "${program}": it is no ELF program that names one`);
}

/** Folders of the receiver's image that are there and empty; the program is mounted over `/usr/local/bin/mypaas`. */
const EMPTY_FOLDERS = ["dev", "etc", "proc", "run", "sys", "usr/local/bin", "var"];

/** The root file system of the receiver's image as a tar, made of this machine's own files: no registry is needed. */
export function receiverImageTar(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  // An error of the source, or of gathering it, comes out at the reader.
  gather().then((tar) => tar.pipeTo(writable), (error) => writable.abort(error)).catch(() => {});
  return readable;
}

async function gather(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const files = await selfFiles();
  const byDigest = new Map(files.map(({ bytes }) => [sha256(bytes), bytes]));
  const entries = new Map<string, ManifestEntry>([["tmp", { type: "dir", path: "tmp", mode: 0o1777 }]]);
  function addFolder(path: string): void {
    if (path === "." || entries.has(path)) return;
    addFolder(dirname(path));
    entries.set(path, { type: "dir", path, mode: 0o755 });
  }
  EMPTY_FOLDERS.forEach(addFolder);
  for (const { path: absolute, bytes } of files) {
    const path = absolute.slice(1);
    addFolder(dirname(path));
    const chunks = [{ digest: sha256(bytes), size: bytes.length }];
    entries.set(path, { type: "file", path, mode: 0o755, size: bytes.length, chunks });
  }
  const sorted = [...entries.values()].sort((a, b) => a.path < b.path ? -1 : 1);
  return contextTar({ entries: sorted }, ({ digest }) => {
    const bytes = byDigest.get(digest);
    return bytes ? Promise.resolve(bytes) : Promise.reject(new Error(`no file ${digest}`));
  });
}
