import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { readDockerfile } from "../../src/service/dockerfile.ts";
import { baseImages } from "../../src/service/dockerfile_images.ts";
import { isOurLabel, userLabels } from "../../src/service/dockerfile_labels.ts";

/** Every instruction as `line keyword [flags] args`, then every option as `line name=value`. */
function read(text: string): readonly string[] {
  const { instructions, options } = readDockerfile(text, "Dockerfile");
  return [
    ...instructions.map(({ line, keyword, flags, args }) => [line, keyword, ...flags, args].join(" ")),
    ...options.map(({ line, name, value }) => `${line} ${name}=${value}`),
  ];
}

/** BuildKit's own parser reads all of these in the same way (compared once with 70,000 random ones, v0.26.0). */
const FILES: readonly (readonly [claim: string, text: string, read: readonly string[]])[] = [
  ["joins continuation lines and skips what is empty or a comment between them", "run a \\ \n\n # c\n\\\n  b\nRUN c", [
    "1 RUN a   b",
    "6 RUN c",
  ]],
  ["does not continue a line after two backslashes", "RUN a \\\\\nRUN b", ["1 RUN a \\\\", "2 RUN b"]],
  ["takes the backtick when the escape directive says so", "# escape=`\nRUN a \\\nRUN b `\nc", [
    "2 RUN a \\",
    "3 RUN b c",
  ]],
  ["takes no directive after another comment", "# mypaas.port = 1\n# escape=`\nRUN a \\\nb", [
    "3 RUN a b",
    "1 port=1",
  ]],
  [
    "skips several heredocs of one line, quoted and with tabs",
    "RUN <<-A cat <<'B C'\n# mypaas.x = 1\n\tA\nA\nB C\nRUN b",
    [
      "1 RUN <<-A cat <<'B C'",
      "6 RUN b",
    ],
  ],
  [
    "skips heredocs of COPY and ONBUILD, and not what looks like one elsewhere",
    "COPY <<E /a\nRUN\nE\nONBUILD RUN <<E\nRUN\nE\nCMD <<E",
    [
      "1 COPY <<E /a",
      "4 ONBUILD RUN <<E",
      "7 CMD <<E",
    ],
  ],
  [
    "sees no heredoc in a here-string, in quotes, in JSON or behind an open quote",
    "RUN a <<<E\nRUN 'a <<E'\nRUN [\"<<E\"]\nRUN don't <<E",
    [
      "1 RUN a <<<E",
      "2 RUN 'a <<E'",
      '3 RUN ["<<E"]',
      "4 RUN don't <<E",
    ],
  ],
  ["reads flags without their quotes", "COPY --fr\"o\"m='a' --chown=b\\ c -- --d / /", [
    "1 COPY --from=a --chown=b c --d / /",
  ]],
];

for (const [claim, text, expected] of FILES) {
  Deno.test(`readDockerfile() ${claim}`, () => assertEquals(read(text), expected));
}

const REFUSED: readonly (readonly [text: string, message: string])[] = [
  ["FROM a\nRUN <<E\nRUN b", 'Cannot read Dockerfile line 2: the heredoc "E" does not end'],
  ["FROM a\nRUN <<$E\n$E", 'Cannot read Dockerfile line 2: the name of the heredoc "$E" has a variable'],
  ["# escape=x\nFROM a", 'Cannot read Dockerfile line 1: the escape character "x" is neither \\ nor `'],
  ["# syntax=a\n# syntax=b\nFROM a", 'Cannot read Dockerfile line 2: the directive "syntax" is given twice'],
  ["FROM a\n<html>", 'Cannot read Dockerfile line 2: "<html>" is not an instruction'],
  ["FROM a\nCOPY --x=\ufffd--from=b / /", "Cannot read Dockerfile line 2: it is not UTF-8 text"],
  ["FROM", "Cannot read Dockerfile line 1: FROM takes an image, or an image AS a name"],
  ["FROM a b", "Cannot read Dockerfile line 1: FROM takes an image, or an image AS a name"],
  ["FROM a:$V", 'Cannot read Dockerfile line 1: "a:" is not an image'],
  ["FROM ${V", 'Cannot read Dockerfile line 1: "${V": "${V" does not end'],
  ["FROM ${V%x}", 'Cannot read Dockerfile line 1: "${V%x}": "${V%...}" is not a form that MyPaas reads'],
  [
    "ARG A=${TARGETSTAGE:+b}\nFROM $A",
    'Cannot read Dockerfile line 1: "${TARGETSTAGE:+b}": "TARGETSTAGE" has a value only Docker knows',
  ],
  ["FROM a\nCOPY --from=$B / /", 'Cannot read Dockerfile line 2: "$B" is not an image'],
  ['FROM a\nRUN --mount=\\"from=b\\" c', "Cannot read Dockerfile line 2: quotes inside --mount are not supported"],
  [
    "# syntax=evil/frontend\nFROM a",
    'Cannot read Dockerfile line 1: "evil/frontend" cannot be the syntax; it takes docker/dockerfile, such as docker/dockerfile:1',
  ],
  ["// syntax = blog:3\nFROM a", 'Cannot read Dockerfile line 1: "//" is not an instruction'],
];

for (const [text, message] of REFUSED) {
  Deno.test(`a Dockerfile is refused: ${message}`, () => {
    const error = assertThrows(() => baseImages(readDockerfile(text, "Dockerfile")), UsageError);
    assertEquals(error.message, message);
  });
}

const IMAGES: readonly (readonly [claim: string, text: string, images: readonly string[]])[] = [
  ["gives every image once, in order", "# syntax=docker/dockerfile:1\nFROM b\nFROM a\nFROM b", [
    "docker/dockerfile:1",
    "b",
    "a",
  ]],
  [
    "leaves out stages, their numbers and scratch",
    "FROM scratch\nFROM a AS Build\nFROM build\nCOPY --from=0 / /\nCOPY --from=BUILD / /",
    ["a"],
  ],
  ["takes a name as an image until a stage of it was defined", "FROM b\nFROM a AS b\nFROM b", ["b", "a"]],
  [
    "puts global ARGs into FROM",
    'ARG V=1 W="x"\nARG I=a:${V}\nFROM $I-${W:-y}${Z:-z}${V:+!}${Z:+no}'.replace("!", "n"),
    [
      "a:1-xzn",
    ],
  ],
  ["leaves later ARGs alone", "ARG V=1\nFROM a:$V\nARG V=2\nFROM b:$V", ["a:1", "b:1"]],
  ["knows the platform", "FROM --platform=$BUILDPLATFORM a-$TARGETOS-${TARGETARCH}", ["a-linux-amd64"]],
  [
    "sees COPY --from and RUN --mount, also behind ONBUILD",
    "FROM a\nCOPY --link --from=b:1 / /\nRUN --mount=type=cache,target=/x --mount=type=bind,FROM=c,target=/y d\nONBUILD COPY --from=e@sha256:" +
    "0".repeat(64) + " / /",
    [
      "a",
      "b:1",
      "c",
      "e@sha256:" + "0".repeat(64),
    ],
  ],
  ["sees a flag that only BuildKit's reading by bytes shows", "FROM a\nCOPY --exclude=à--from=b / /", ["a", "b"]],
  ["sees a flag behind a comment that begins with U+0085", "FROM a\nCOPY \\\n\u0085# x\n --from=b / /", ["a", "b"]],
];

for (const [claim, text, images] of IMAGES) {
  Deno.test(`baseImages() ${claim}`, () => assertEquals(baseImages(readDockerfile(text, "Dockerfile")), images));
}

Deno.test("userLabels() reads both forms, quotes and ONBUILD", () => {
  const text = "FROM a\nLABEL a=1 \"b c\"=2 \\\n  d='e f'\nLABEL old form\nONBUILD LABEL x=$Y";
  assertEquals(userLabels(readDockerfile(text, "D")), [
    { key: "a", line: 2 },
    { key: "b c", line: 2 },
    { key: "d", line: 2 },
    { key: "old", line: 4 },
    { key: "x", line: 5 },
  ]);
});

Deno.test("isOurLabel() knows the keys that Traefik and MyPaas read, and those that a variable could make one", () => {
  const ours = (key: string) => isOurLabel({ key, line: 1 });
  assertEquals(
    ["traefik.enable", "Traefik.x", "mypaas.instance", "$X", "tra${X}", "mypaas.$X"].filter((key) => !ours(key)),
    [],
  );
  assertEquals(["traefikx", "org.$X", "a.traefik.b", "maintainer"].filter(ours), []);
});

Deno.test("baseImages() puts build arguments in where an ARG asks for them, so that the fence sees what is built on", () => {
  const read = (text: string, ...buildArgs: readonly (readonly [string, string])[]) =>
    baseImages(readDockerfile(text, "Dockerfile"), {
      buildArgs: buildArgs.map(([name, value]) => ({ name, value })),
    });
  assertEquals(read("ARG BASE=alpine\nFROM $BASE", ["BASE", "mypaas/shop:3"]), ["mypaas/shop:3"]);
  assertEquals(read("ARG V\nARG BASE=a:$V\nFROM ${BASE}", ["V", "9"]), ["a:9"]);
  assertEquals(read("ARG BASE\nFROM a:${BASE:-1}\nARG V=2", ["V", "9"]), ["a:1"]);
  assertEquals(read("FROM a$V", ["V", "-b"]), ["a"]);
});
