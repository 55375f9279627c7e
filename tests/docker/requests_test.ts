import { assertEquals } from "@std/assert";
import { engineReason, startHint } from "../../src/docker/engine_error.ts";
import { importImage, progressError, splitImage } from "../../src/docker/image_requests.ts";
import { containerLogs, listContainers } from "../../src/docker/container_requests.ts";
import { apiPath } from "../../src/docker/request.ts";

Deno.test("apiPath() encodes every part, and writes a query as the Engine reads it", () => {
  assertEquals(apiPath(["images", "a/b:1", "json"]), "/images/a%2Fb%3A1/json");
  assertEquals(
    apiPath(["x"], { yes: true, no: false, none: undefined, n: 0, text: "a&b", filters: { label: ["a=b"] } }),
    "/x?yes=1&n=0&text=a%26b&filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D",
  );
});

Deno.test("splitImage() finds tag and digest, and no tag in a port", () => {
  const cases = {
    busybox: ["busybox", "latest"],
    "busybox:1.36": ["busybox", "1.36"],
    "registry:5000/a/b": ["registry:5000/a/b", "latest"],
    "registry:5000/a/b:c": ["registry:5000/a/b", "c"],
    "a:1@sha256:00ff": ["a", "sha256:00ff"],
  };
  for (const [image, [fromImage = "", tag = ""]] of Object.entries(cases)) {
    assertEquals(splitImage(image), { fromImage, tag });
  }
});

Deno.test("importImage() writes labels as changes", () => {
  const { path } = importImage("a/b:base", new ReadableStream(), { "mypaas.instance": "00ff", x: 'say "hi"' });
  const query = new URLSearchParams(path.split("?")[1]);
  assertEquals([query.get("repo"), query.get("tag"), query.get("fromSrc")], ["a/b", "base", "-"]);
  assertEquals(query.get("changes"), 'LABEL mypaas.instance="00ff"\nLABEL x="say \\"hi\\""');
});

Deno.test("progressError() reads the failure of old and new Engines", () => {
  assertEquals(progressError({ errorDetail: { message: "new" }, error: "old" }), "new");
  assertEquals(progressError({ error: "old" }), "old");
  assertEquals(progressError({ id: "x" }), undefined);
});

Deno.test("containerLogs() asks for all lines unless told otherwise", () => {
  const path = (query: { follow: boolean; tail?: number; since?: number }) =>
    containerLogs({ id: "ab", name: "blog.7.1" }, query, (chunks) => chunks).path;
  assertEquals(path({ follow: false }), "/containers/ab/logs?stdout=1&stderr=1&timestamps=1&tail=all");
  assertEquals(
    path({ follow: true, tail: 5, since: 1.5 }),
    "/containers/ab/logs?stdout=1&stderr=1&timestamps=1&follow=1&tail=5&since=1.5",
  );
});

Deno.test("listContainers() gives names without Docker's slash, and nothing where the Engine leaves things out", () => {
  const labels = { "mypaas.service": "blog" };
  const fixed = { IPAddress: "", IPAMConfig: { IPv4Address: "10.0.0.16" } };
  const networks = { Networks: { mypaas: fixed, "mypaas-svc-db": {} } };
  const answer = [
    { Id: "ab", Names: ["/blog.7.1"], Labels: labels, NetworkSettings: networks },
    { Id: "cd", Names: [], Labels: null },
  ];
  assertEquals(listContainers([]).decode(answer), [
    { id: "ab", name: "blog.7.1", labels, networks: ["mypaas", "mypaas-svc-db"], addresses: ["10.0.0.16"] },
    { id: "cd", name: "cd", labels: {}, networks: [], addresses: [] },
  ]);
});

Deno.test("engineReason() unwraps what Engines say, old and new", () => {
  const cases = [
    // 20.10, seen
    [
      'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: unknown',
      'exec: "/nope": stat /nope: no such file or directory',
    ],
    // 28
    [
      'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "nope": executable file not found in $PATH: unknown',
      'exec: "nope": executable file not found in $PATH',
    ],
    [
      "driver failed programming external connectivity on endpoint web (0a1b): Bind for 0.0.0.0:80 failed: port is already allocated",
      "Bind for 0.0.0.0:80 failed: port is already allocated",
    ],
    [
      "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: RUNX",
      "dockerfile parse error line 2: unknown instruction: RUNX",
    ],
    ["failed to solve: rpc error: code = Unknown desc = not found", "not found"],
    ["Address already in use", "Address already in use"],
  ] as const;
  for (const [text, reason] of cases) assertEquals(engineReason(text), reason);
});

Deno.test("startHint() tells a missing program from a taken port", () => {
  for (
    const reason of [
      'exec: "/nope": stat /nope: no such file or directory',
      'exec: "nope": executable file not found in $PATH',
    ]
  ) {
    assertEquals(startHint(reason)?.startsWith("See that ENTRYPOINT or CMD"), true);
  }
  assertEquals(startHint("Bind for 0.0.0.0:80 failed: port is already allocated"), undefined);
});
