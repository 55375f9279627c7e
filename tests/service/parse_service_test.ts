import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../src/error.ts";
import { options } from "../../src/service/options.ts";
import { parseService, specNotes } from "../../src/service/parse_service.ts";
import type { ServiceSpec } from "../../src/service/spec.ts";

const DEFAULTS: ServiceSpec = {
  name: "blog",
  sites: [],
  hsts: false,
  volumes: [],
  port: 80,
  publish: [],
  scale: 0,
  peers: undefined,
  env: [],
  storedEnv: [],
  fileEnv: undefined,
  buildArgs: [],
  healthcheck: undefined,
  maxMemoryBytes: undefined,
  maxCpus: undefined,
  startTimeoutSeconds: 60,
  drainTimeoutSeconds: 5,
  stopGraceSeconds: 10,
};

function sites(...domains: string[]): ServiceSpec["sites"] {
  return domains.map((domain) => ({ domain, path: "/", https: false }));
}

/** A Dockerfile of the service `blog` with these option lines, which begin in line 2. */
function blog(...options: string[]): string {
  return ["# mypaas.servicename = blog", ...options.map((option) => `# mypaas.${option}`), "FROM busybox", ""].join(
    "\n",
  );
}

/** Dockerfile in, what differs from the defaults out. */
const SPECS: readonly (readonly [claim: string, dockerfile: string, spec: Partial<ServiceSpec>])[] = [
  ["fills in every default", blog(), {}],
  ["takes the alias service", "# mypaas.service = a\nFROM a", { name: "a" }],
  ["needs no blanks", "#mypaas.servicename=web-2\nFROM a", { name: "web-2" }],
  ["allows blanks before the comment, and blanks and tabs around", " \t#\t mypaas.port\t =  81 \nFROM a\n" + blog(), {
    port: 81,
  }],
  ["reads BOM and CRLF", `\ufeff${blog("port = 8080", "domain = a.b").replaceAll("\n", "\r\n")}`, {
    port: 8080,
    sites: sites("a.b"),
  }],
  ["reads options after the instructions, without a line end", "FROM a\nRUN b\n# mypaas.servicename = blog", {}],
  ["reads a comment inside a continuation line", "FROM a\nRUN a && \\\n  # mypaas.port = 81\n  b\n" + blog(), {
    port: 81,
  }],
  ["does not read a heredoc", "FROM a\nRUN <<EOF\n# mypaas.port = 81\nEOF\n" + blog(), {}],
  ["ignores other comments", "# about mypaas.port = 1\n## about mypaas.port = 2\n#\n" + blog(), {}],
  ["ignores options behind an instruction", "FROM a\nRUN a # mypaas.port = 1\n" + blog(), {}],
  ["keeps the order of domains and makes them lower-case", blog("domain = Z.Example", "domain = a.example"), {
    sites: sites("z.example", "a.example"),
  }],
  ["makes international domains ASCII", blog("domain = bücher.example", "domain = 例え。jp"), {
    sites: sites("xn--bcher-kva.example", "xn--r8jz45g.jp"),
  }],
  ["allows hello.localhost", blog("domain = hello.localhost"), { sites: sites("hello.localhost") }],
  ["takes the highest port", blog("port = 65535"), { port: 65535 }],
  ["waits longer in a drain when scale is not 0", blog("scale = 3"), { scale: 3, drainTimeoutSeconds: 30 }],
  ["keeps a drain-timeout that is given", blog("drain-timeout = 0", "scale = 2"), { scale: 2, drainTimeoutSeconds: 0 }],
  ["reads durations", blog("start-timeout = 2m", "drain-timeout = 90s", "stop-grace = 15"), {
    startTimeoutSeconds: 120,
    drainTimeoutSeconds: 90,
    stopGraceSeconds: 15,
  }],
  [
    "keeps everything after the first = of an env",
    blog("env = A=b=c  d", `env = 'Q="x"'`, "env = EMPTY=", "env = a.b=$X"),
    {
      env: [
        { name: "A", value: "b=c  d" },
        { name: "Q", value: '"x"' },
        { name: "EMPTY", value: "" },
        { name: "a.b", value: "$X" },
      ],
    },
  ],
  ["reads all forms of volumes", blog("volume = ~/a/b:/a/", "volume = /srv/x y:/b:ro", "volume = data_1:/c"), {
    volumes: [
      { kind: "bind", source: "~/a/b", target: "/a", readOnly: false },
      { kind: "bind", source: "/srv/x y", target: "/b", readOnly: true },
      { kind: "named", source: "data_1", target: "/c", readOnly: false },
    ],
  }],
];

for (const [claim, dockerfile, spec] of SPECS) {
  Deno.test(`parseService() ${claim}`, () => {
    assertEquals(parseService(dockerfile, "Dockerfile").spec, { ...DEFAULTS, ...spec });
  });
}

const DOMAIN = "it takes a host name with a dot, such as blog.example.com, without https:// or a path, or none";
const VOLUME =
  "it takes ~/folder:/folder, /folder:/folder or name:/folder, with :ro at the end for read-only, and no . or .. in it";
const NAME = "it takes 1 to 42 lower-case letters, digits and inner dashes, but not traefik or mypaas...";
const ENV = `it takes ${options.env.takes}`;
const NAMES =
  "servicename, domain, https, volume, port, scale, env, healthcheck, maxmem, maxcpu, publish, url, start-timeout, drain-timeout, stop-grace, buildarg, hsts, isolated";

function option(name: string, reason: string, line = 2): string {
  return `Cannot read option "${name}" in Dockerfile line ${line}: ${reason}`;
}

/** Dockerfile in, the exact sentence out; a hint where there is one. */
const ERRORS: readonly (readonly [dockerfile: string, message: string, hint?: string])[] = [
  [
    "",
    "Cannot build Dockerfile: it has no FROM instruction",
    "Begin it with the image to build on, such as FROM nginx:alpine",
  ],
  [
    "FROM a",
    "Cannot deploy Dockerfile: it does not name its service",
    "Add this line to it: # mypaas.servicename = blog",
  ],
  ["# mypaas.servicename = Blog\nFROM a", option("servicename", `"Blog" is not a service name; ${NAME}`, 1)],
  ["# mypaas.service = my_blog\nFROM a", option("service", `"my_blog" is not a service name; ${NAME}`, 1)],
  [
    `# mypaas.service = ${"a".repeat(43)}\nFROM a`,
    option("service", `"${"a".repeat(43)}" is not a service name; ${NAME}`, 1),
  ],
  ["# mypaas.service = mypaas-x\nFROM a", option("service", `"mypaas-x" is reserved for MyPaas itself; ${NAME}`, 1)],
  ["# mypaas.service = traefik\nFROM a", option("service", `"traefik" is reserved for MyPaas itself; ${NAME}`, 1)],
  [blog("service = b"), option("service", "it is already set in line 1, and takes one value only")],
  [
    blog("prot = 80"),
    option("prot", `there is no such option; there are ${NAMES}`),
    "Write # mypaas.port = 80 if that is what you mean",
  ],
  [
    blog("isolated = true,web"),
    option(
      "isolated",
      '"true,web" names "true", which is no name here; it takes true, false, or names of services with commas between them, such as web,worker',
    ),
  ],
  [
    blog("port 80"),
    'Cannot read Dockerfile line 2: "# mypaas.port 80" is not an option; options are written # mypaas.<name> = <value>',
  ],
  [
    blog("port = 80", "scale = 1", "port = 81"),
    option("port", "it is already set in line 2, and takes one value only", 4),
  ],
  [blog("port = abc"), option("port", '"abc" is not a port; it takes a number from 1 to 65535')],
  [blog("port = 65536"), option("port", '"65536" is not a port; it takes a number from 1 to 65535')],
  [blog("port ="), option("port", '"" is not a port; it takes a number from 1 to 65535')],
  [blog("scale = -1"), option("scale", '"-1" is not a number of replicas; it takes a number from 0 to 100')],
  [blog("domain = localhost"), option("domain", `"localhost" is not a host name; ${DOMAIN}`)],
  [blog("domain = https://a.b"), option("domain", `"https://a.b" is not a host name; ${DOMAIN}`)],
  [blog("domain = *.a.b"), option("domain", `"*.a.b" is not a host name; ${DOMAIN}`)],
  [blog("domain = a.b:80"), option("domain", `"a.b:80" is not a host name; ${DOMAIN}`)],
  [blog("domain = 10.0.0.1"), option("domain", `"10.0.0.1" is not a host name; ${DOMAIN}`)],
  [blog("domain = 0x7f.1"), option("domain", `"0x7f.1" is not a host name; ${DOMAIN}`)],
  [blog("domain = a.b`) || Host(`c.d"), option("domain", `"a.b\`) || Host(\`c.d" is not a host name; ${DOMAIN}`)],
  [blog("domain = a_b.c"), option("domain", `"a_b.c" is not a host name; ${DOMAIN}`)],
  [blog("domain = a.b", "domain = A.B"), option("domain", '"a.b" is already set in line 2', 3)],
  [blog("volume = data"), option("volume", `"data" names no good folder in the container; ${VOLUME}`)],
  [blog("volume = ~/a:/"), option("volume", `"~/a:/" names no good folder in the container; ${VOLUME}`)],
  [blog("volume = ~/../a:/a"), option("volume", `"~/../a:/a" names no good folder on the server; ${VOLUME}`)],
  [blog("volume = ./a:/a"), option("volume", `"./a:/a" names no good folder on the server; ${VOLUME}`)],
  [blog("volume = ~:/a"), option("volume", `"~:/a" names no good folder on the server; ${VOLUME}`)],
  [blog("volume = /a:/b:rw"), option("volume", `"/a:/b:rw" is not a volume; ${VOLUME}`)],
  [blog("volume = /a,b:/b"), option("volume", `"/a,b:/b" has a comma or a control character; ${VOLUME}`)],
  [blog("volume = a:/a\u0001"), option("volume", `"a:/a\\u0001" has a comma or a control character; ${VOLUME}`)],
  [blog("volume = a:/d", "volume = ~/b:/d/"), option("volume", '"/d" is already set in line 2', 3)],
  [
    blog("env = KEY@files"),
    option("env", `"KEY@files" is not a variable; ${ENV}`),
  ],
  [blog("env = A B=c"), option("env", `"A B=c" has no good variable name; ${ENV}`)],
  [blog("env = A=1", "env = A=2"), option("env", '"A" is already set in line 2', 3)],
  [
    blog("start-timeout = 0"),
    option("start-timeout", '"0" is too short; it takes a duration from 1s to 60m, such as 90s, 2m or 90'),
  ],
  [
    blog("drain-timeout = 2h"),
    option("drain-timeout", '"2h" is too long; it takes a duration from 0s to 60m, such as 90s, 2m or 90'),
  ],
  [
    blog("stop-grace = 1.5s"),
    option("stop-grace", '"1.5s" is not a duration; it takes a duration from 0s to 60m, such as 90s, 2m or 90'),
  ],
  [
    blog() + 'LABEL "traefik.enable"=true',
    'Cannot read Dockerfile line 3: the label "traefik.enable" is not allowed; labels that begin with traefik. or mypaas. are set by MyPaas',
    "Use the options # mypaas.domain and # mypaas.port instead",
  ],
];

for (const [dockerfile, message, hint] of ERRORS) {
  Deno.test(`parseService() says: ${message.slice(0, 110)}`, () => {
    const error = assertThrows(() => parseService(dockerfile, "Dockerfile"), UsageError);
    assertEquals(error.message, message);
    if (hint !== undefined) assertEquals(error.hint, hint);
  });
}

Deno.test("parseService() tells a Dockerfile that is only FROM from one that builds", () => {
  const head = "# mypaas.servicename = a\nARG V=1\n";
  assert(parseService(`${head}FROM nginx:$V`, "Dockerfile").onlyFrom);
  assert(!parseService(`${head}FROM nginx:$V\nRUN a`, "Dockerfile").onlyFrom);
  assert(!parseService(`${head}FROM a AS b\nFROM b`, "Dockerfile").onlyFrom);
});

Deno.test("parseService() gives the images that the Dockerfile names", () => {
  const { baseImages } = parseService("# mypaas.service = a\nFROM b-$TARGETARCH\nCOPY --from=c / /", "Dockerfile", {
    platform: "linux/arm64",
  });
  assertEquals(baseImages, ["b-arm64", "c"]);
});

Deno.test("specNotes() warns of two writers of a volume when scale is not 0", () => {
  const spec = (...options: string[]) => parseService(blog("volume = a:/a", "volume = b:/b:ro", ...options), "D").spec;
  assertEquals(specNotes(spec()), []);
  assertEquals(specNotes(spec("scale = 2")), [
    "The volume at /a has more than one writer while a deploy runs, because scale is 2",
  ]);
});

Deno.test("a secret as a file is one of the stored variables, and no volume hides it", () => {
  const spec = parseService(
    "# mypaas.servicename = blog\n# mypaas.env = B@file\n# mypaas.env = A@file\n# mypaas.env = C\nFROM x",
    "Dockerfile",
  ).spec;
  assertEquals([spec.env, spec.storedEnv, spec.fileEnv], [[], ["B", "A", "C"], ["A", "B"]]);
  for (const target of ["/run/secrets", "/run/secrets/A"]) {
    const text = `# mypaas.servicename = blog\n# mypaas.env = A@file\n# mypaas.volume = v:${target}\nFROM x`;
    assertThrows(() => parseService(text, "Dockerfile"), UsageError, "/run/secrets has the service's secrets: A");
  }
});
