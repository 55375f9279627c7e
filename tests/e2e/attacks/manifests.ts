import type { Attack } from "./attack.ts";
import { OWN } from "./attacker.ts";

// Manifests that no scan of a folder makes, signed by somebody who may push. All of them are refused before anything is read.

const DIGEST = "a".repeat(64);
const DOCKERFILE = entry("Dockerfile");

function entry(path: string, size: unknown = 3, chunks: unknown = [{ digest: DIGEST, size }]) {
  return { type: "file", path, mode: 0o644, size, chunks };
}

const dir = (path: string) => ({ type: "dir", path, mode: 0o755 });
const link = (path: string, target: string) => ({ type: "link", path, target });

function request(entries: unknown, change: object = {}): string {
  return JSON.stringify({
    service: OWN,
    dockerfile: "Dockerfile",
    manifest: { entries },
    force: true,
    dryRun: false,
    ...change,
  });
}

function refused(name: string, body: string, says: string): Attack {
  return {
    name: `a manifest with ${name}`,
    send: (attacker) => attacker.signed({ where: `POST /v1/deploy?service=${OWN}`, body }),
    expect: { status: 400, says },
  };
}

/** Paths that lead out of the folder, or are none. */
const PATHS: Readonly<Record<string, string>> = {
  "../up": "must have no part",
  "..": "must have no part",
  "a/../../up": "must have no part",
  "a/..": "must have no part",
  "./a": "must have no part",
  ".": "must have no part",
  "/etc/passwd": "must be relative",
  "//etc": "must be relative",
  "/": "must be relative",
  "": "must not be empty",
  "a//b": "must have no empty part",
  "a/": "must have no empty part",
  "a\0b": "must have no NUL",
  "\ud800": "must be Unicode",
};

const FILES = Object.entries(PATHS).flatMap(([path, says]) => [
  refused(`the file ${JSON.stringify(path)}`, request([DOCKERFILE, entry(path)]), says),
  refused(`the folder ${JSON.stringify(path)}`, request([DOCKERFILE, dir(path)]), says),
  refused(`the link ${JSON.stringify(path)}`, request([DOCKERFILE, link(path, "a")]), says),
]);

const SIZES: Readonly<Record<string, unknown>> = {
  "0": 0,
  "-1": -1,
  "1.5": 1.5,
  "2^20 + 1": (1 << 20) + 1,
  "2^31": 2 ** 31,
  "2^53": 2 ** 53,
  "1e300": 1e300,
  null: null,
  "a text": "3",
  "a list": [3],
  true: true,
};

export const MANIFESTS: readonly Attack[] = [
  ...FILES,
  refused("a path of 5,000 bytes", request([DOCKERFILE, entry("a".repeat(5000))]), "at most 4096 bytes"),
  refused("a path of 5,000 folders", request([DOCKERFILE, dir("a/".repeat(5000) + "a")]), "at most 4096 bytes"),
  refused("a target of 5,000 bytes", request([DOCKERFILE, link("a", "b".repeat(5000))]), "at most 4096 bytes"),
  refused("an empty target", request([DOCKERFILE, link("a", "")]), "must not be empty"),
  refused("a target with a NUL", request([DOCKERFILE, link("a", "b\0c")]), "must have no NUL"),
  refused("a path twice", request([DOCKERFILE, dir("a"), dir("a")]), "is there twice"),
  refused("a file that is a folder as well", request([DOCKERFILE, dir("a"), entry("a")]), "is there twice"),
  refused("a file below a file", request([DOCKERFILE, entry("a"), entry("a/b")]), "which is no folder"),
  refused("a file through a link", request([DOCKERFILE, link("a", "/etc"), entry("a/passwd")]), "which is no folder"),
  refused("a link through a link", request([DOCKERFILE, link("a", "/"), link("a/b", "c")]), "which is no folder"),
  refused(
    "a file through a link, far below",
    request([DOCKERFILE, link("a", ".."), link("a-b", ".."), dir("a/b/c/d")]),
    "which is no folder",
  ),
  refused("paths out of order", request([dir("b"), dir("a")]), "must come before"),
  refused("no Dockerfile", request([dir("a")]), "must be a file of the manifest"),
  refused("a folder as its Dockerfile", request([dir("Dockerfile")]), "must be a file of the manifest"),
  refused("a link as its Dockerfile", request([link("Dockerfile", "/etc/passwd")]), "must be a file of the manifest"),
  refused(
    "a Dockerfile outside",
    request([DOCKERFILE], { dockerfile: "../Dockerfile" }),
    "must have no part",
  ),
  ...Object.entries(SIZES).map(([name, size]) =>
    refused(`a chunk of the size ${name}`, request([entry("Dockerfile", 3, [{ digest: DIGEST, size }])]), "size")
  ),
  ...Object.entries(SIZES).slice(1, 3).map(([name, size]) =>
    refused(`a file of the size ${name}`, request([entry("Dockerfile", size, [])]), "size")
  ),
  refused("a file longer than its chunks", request([entry("Dockerfile", 4, [{ digest: DIGEST, size: 3 }])]), "3 bytes"),
  refused(
    "a file shorter than its chunks",
    request([entry("Dockerfile", 2, [{ digest: DIGEST, size: 3 }])]),
    "3 bytes",
  ),
  refused("a file without its chunks", request([entry("Dockerfile", 3, [])]), "0 bytes of chunks"),
  refused("chunks that sum up beyond 2^53", request([entry("Dockerfile", 2 ** 53, [])]), "size"),
  ...["A".repeat(64), "a".repeat(63), "../../../../etc/passwd", `${"a".repeat(63)}/`, "", `${"a".repeat(64)}\n`].map((
    digest,
  ) =>
    refused(
      `the digest ${JSON.stringify(digest.slice(0, 30))}`,
      request([entry("Dockerfile", 3, [{ digest, size: 3 }])]),
      "64 lower-case hex digits",
    )
  ),
  ...[-1, 0o10000, 1.5, 2 ** 53, "644", null].map((mode) =>
    refused(`the mode ${JSON.stringify(mode)}`, request([{ ...DOCKERFILE, mode }]), "mode")
  ),
  ...["device", "fifo", "socket", "hardlink", "__proto__", 1, null].map((type) =>
    refused(`an entry of the type ${JSON.stringify(type)}`, request([{ ...DOCKERFILE, type }]), "type")
  ),
  refused("an entry with a device number", request([{ ...DOCKERFILE, major: 8, minor: 0 }]), "is not known here"),
  refused("an entry that is a list", request([[]]), "entries[0]"),
  refused("entries that are no list", request({ length: 3 }), "must be a list"),
  refused("100,001 entries", request(Array.from({ length: 100_001 }, (_, n) => n)), "at most 100000 entries"),
  refused("another service", request([DOCKERFILE], { service: "other" }), 'the request is for the service "attacked"'),
  refused("a service that is a path", request([DOCKERFILE], { service: "../other" }), "must be the name of a service"),
  refused("an unknown field", request([DOCKERFILE], { as: "root" }), "is not known here"),
  refused("the constructor of all", request([DOCKERFILE], { constructor: { prototype: {} } }), "is not known here"),
  refused("force that is a text", request([DOCKERFILE], { force: "yes" }), "true or false"),
  refused(
    "a prototype",
    request([DOCKERFILE]).replace('"force"', '"__proto__":{"force":true},"force"'),
    "is not known here",
  ),
  refused(
    "the entries twice, of which the second is bad",
    request([DOCKERFILE]).replace('"manifest":{', '"manifest":{"entries":[],').replace(
      'Dockerfile","mode',
      '/x","mode',
    ),
    "must be relative",
  ),
];
