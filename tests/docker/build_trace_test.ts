import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { assertEquals } from "@std/assert";
import { BuildTrace } from "../../src/docker/build_trace.ts";

interface Vertex {
  readonly digest: string;
  readonly name?: string;
  readonly cached?: boolean;
  readonly started?: boolean;
  readonly completed?: boolean;
  readonly error?: string;
}

interface Status {
  readonly vertices?: readonly Vertex[];
  readonly logs?: readonly { readonly vertex: string; readonly text: string | Uint8Array; readonly stream?: number }[];
  readonly warnings?: readonly string[];
}

const encode = (text: string) => new TextEncoder().encode(text);
const TIME = new BinaryWriter().tag(1, WireType.Varint).int64(1_800_000_000).finish();

/** Writes a StatusResponse as BuildKit does (control.proto), with fields that nobody knows in between. */
function record({ vertices = [], logs = [], warnings = [] }: Status): { readonly id: string; readonly aux: string } {
  const status = new BinaryWriter();
  const add = (field: number, write: (message: BinaryWriter) => void) => {
    const message = new BinaryWriter();
    message.tag(99, WireType.Varint).uint32(7);
    write(message);
    status.tag(field, WireType.LengthDelimited).bytes(message.finish());
  };
  for (const { digest, name, cached, started, completed, error } of vertices) {
    add(1, (message) => {
      message.tag(1, WireType.LengthDelimited).string(digest);
      message.tag(2, WireType.LengthDelimited).string("sha256:input");
      if (name) message.tag(3, WireType.LengthDelimited).string(name);
      if (cached) message.tag(4, WireType.Varint).bool(cached);
      if (started) message.tag(5, WireType.LengthDelimited).bytes(TIME);
      if (completed) message.tag(6, WireType.LengthDelimited).bytes(TIME);
      if (error) message.tag(7, WireType.LengthDelimited).string(error);
    });
  }
  add(2, (message) => message.tag(1, WireType.LengthDelimited).string("a status of a pull"));
  for (const { vertex, text, stream = 1 } of logs) {
    add(3, (message) => {
      message.tag(1, WireType.LengthDelimited).string(vertex);
      message.tag(3, WireType.Varint).int64(stream);
      message.tag(4, WireType.LengthDelimited).bytes(typeof text === "string" ? encode(text) : text);
    });
  }
  for (const short of warnings) add(4, (message) => message.tag(3, WireType.LengthDelimited).bytes(encode(short)));
  return { id: "moby.buildkit.trace", aux: status.finish().toBase64() };
}

const RUN = { digest: "sha256:run", name: "[2/3] RUN make" };

Deno.test("BuildTrace tells once that a step begins, however often its vertex comes", () => {
  const trace = new BuildTrace();
  assertEquals(trace.read(record({ vertices: [RUN] })), []);
  assertEquals(trace.read(record({ vertices: [{ digest: RUN.digest, started: true }] })), [
    { step: "[2/3] RUN make", text: "" },
  ]);
  assertEquals(trace.read(record({ vertices: [{ ...RUN, started: true, completed: true }] })), []);
});

Deno.test("BuildTrace tells cached steps, and hides what is BuildKit's own", () => {
  const lines = new BuildTrace().read(record({
    vertices: [
      { digest: "a", name: "[internal] load build definition", started: true },
      { digest: "b", name: "copy /context /", started: true },
      { ...RUN, started: true, completed: true, cached: true },
      { digest: "c", name: "exporting to image", started: true },
    ],
    warnings: ["JSONArgsRecommended: use the JSON form"],
  }));
  assertEquals(lines, [
    { step: "[2/3] RUN make", text: "cached" },
    { step: "exporting to image", text: "" },
    { step: "", text: "warning: JSONArgsRecommended: use the JSON form" },
  ]);
});

Deno.test("BuildTrace makes lines out of pieces of output, also inside a character, and keeps two steps apart", () => {
  const trace = new BuildTrace();
  const other = { digest: "sha256:other", name: "[build 2/2] RUN test" };
  trace.read(record({ vertices: [{ ...RUN, started: true }, { ...other, started: true }] }));
  const lines = [
    { vertex: RUN.digest, text: "one\ntw" },
    { vertex: other.digest, text: "10%\r50%\r100%\r\n" },
    { vertex: RUN.digest, text: encode("o ü").subarray(0, 3) },
    { vertex: RUN.digest, text: encode("ü").subarray(1) },
  ].flatMap((log) => trace.read(record({ logs: [log] })));
  lines.push(...trace.read(record({ vertices: [{ ...RUN, completed: true }] })));
  assertEquals(lines, [
    { step: RUN.name, text: "one" },
    { step: other.name, text: "100%" },
    { step: RUN.name, text: "two ü" },
  ]);
});

Deno.test("BuildTrace.failure() is the step that failed by itself, with the end of its output", () => {
  const trace = new BuildTrace();
  assertEquals(trace.failure(), undefined);
  const output = Array.from({ length: 30 }, (_, i) => `line ${i + 1}\n`).join("");
  trace.read(record({
    vertices: [
      {
        digest: "stopped",
        name: "[other 1/1] RUN sleep 9",
        started: true,
        error: "context canceled: context canceled",
      },
      { ...RUN, started: true },
    ],
    logs: [{ vertex: RUN.digest, text: `${output}last words` }],
  }));
  trace.read(record({ vertices: [{ digest: RUN.digest, error: "process did not complete: exit code: 2" }] }));
  assertEquals(trace.failure(), {
    step: "[2/3] RUN make",
    error: "process did not complete: exit code: 2",
    output: [...Array.from({ length: 19 }, (_, i) => `line ${i + 12}`), "last words"],
  });
});

Deno.test("BuildTrace.failure() names no step when the failing one is none of the Dockerfile's", () => {
  const trace = new BuildTrace();
  const name = "[internal] load metadata for docker.io/library/x:1";
  trace.read(record({ vertices: [{ digest: "m", name, error: "not found" }] }));
  assertEquals(trace.failure(), { step: "", error: "not found", output: [] });
});

Deno.test("BuildTrace.failure() keeps the end of stderr, also when stdout overtook it", () => {
  const trace = new BuildTrace();
  trace.read(record({ vertices: [{ ...RUN, started: true }] }));
  trace.read(record({
    logs: [
      { vertex: RUN.digest, text: "out wi" },
      { vertex: RUN.digest, text: "error: no such file\n", stream: 2 },
      { vertex: RUN.digest, text: `th an end\n${"more\n".repeat(50)}` },
    ],
  }));
  trace.read(record({ vertices: [{ digest: RUN.digest, error: "exit code: 2" }] }));
  assertEquals(trace.failure()?.output, ["error: no such file", ...Array.from({ length: 19 }, () => "more")]);
});
