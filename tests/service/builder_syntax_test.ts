import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { parseService } from "../../src/service/parse_service.ts";

const HEAD = "# mypaas.servicename = blog\n";

function classic(dockerfile: string) {
  return parseService(dockerfile, "Dockerfile", { builder: "classic" });
}

Deno.test("parseService() refuses what only BuildKit can build where the server has the classic builder", () => {
  const cases = {
    [`# syntax=docker/dockerfile:1\n${HEAD}FROM busybox\n`]: "line 1: # syntax= needs BuildKit",
    [`${HEAD}FROM busybox\nRUN --mount=type=cache,target=/c true\n`]: "line 3: RUN --mount needs BuildKit",
    [`${HEAD}FROM busybox\nRUN --network=none true\n`]: "line 3: RUN --network needs BuildKit",
    [`${HEAD}FROM busybox\nONBUILD RUN --mount=type=cache,target=/c true\n`]: "line 3: RUN --mount needs BuildKit",
    [`${HEAD}FROM busybox\nCOPY --link a /a\n`]: "line 3: COPY --link needs BuildKit",
    [`${HEAD}FROM busybox\nADD --chown=1 --chmod=755 a /a\n`]: "line 3: ADD --chmod needs BuildKit",
    [`${HEAD}FROM busybox\nRUN <<EOF\ntrue\nEOF\n`]: "line 3: a heredoc (<<) needs BuildKit",
    [`${HEAD}FROM busybox-$TARGETARCH\n`]: 'line 2: "busybox-$TARGETARCH": "TARGETARCH" has a value only with BuildKit',
  };
  for (const [dockerfile, sentence] of Object.entries(cases)) {
    parseService(dockerfile, "Dockerfile");
    const error = assertThrows(() => classic(dockerfile), UsageError, sentence);
    if (!dockerfile.includes("TARGETARCH")) assertStringIncludes(error.hint ?? "", "mypaas init --builder buildkit");
  }
});

Deno.test("parseService() takes for the classic builder what it can build", () => {
  const dockerfile = [
    `${HEAD}ARG TARGETARCH=arm64`,
    "FROM --platform=linux/amd64 busybox-$TARGETARCH AS a",
    "HEALTHCHECK --start-interval=1s CMD true",
    "FROM busybox",
    "COPY --chown=1:1 --from=a /a /a",
  ].join("\n");
  assertEquals(classic(dockerfile).baseImages, ["busybox-arm64", "busybox"]);
});

Deno.test("parseService() sees no session in mounts, files and addresses that need none", () => {
  for (
    const instruction of [
      "RUN --mount=type=bind,target=/secret,source=type=secret true",
      "RUN --mount=type=tmpfs,target=/ssh true",
      "RUN echo --mount=type=secret",
      "ADD https://git.example.org/team/site.git /www",
      "COPY ssh:// /www",
    ]
  ) parseService(`${HEAD}FROM busybox\n${instruction}\n`, "Dockerfile");
});
