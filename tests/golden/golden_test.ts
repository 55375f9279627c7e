import { assert, assertEquals } from "@std/assert";
import { parse, stringify } from "@std/yaml";
import { routeOf } from "../../src/deploy/route_board.ts";
import { UsageError } from "../../src/error.ts";
import { withAutoDomain } from "../../src/service/auto_domain.ts";
import { DIFFERENCES } from "../../src/service/old_dialect.ts";
import { allOptions } from "../../src/service/options.ts";
import { parseService, specNotes } from "../../src/service/parse_service.ts";
import { replicaCount, type ServiceSpec } from "../../src/service/spec.ts";
import { renderLabels } from "../../src/traefik/labels.ts";
import { NORMAL_HOLD_SECONDS } from "../../src/traefik/route.ts";
import { renderRouteFile } from "../../src/traefik/route_file.ts";

// Golden pairs: each file of the folders beside this one holds a Dockerfile, a line, and what becomes of it: its spec, its
// part of the route file and its labels, or the error. MYPAAS_UPDATE_GOLDEN=1 writes what becomes of it: look at the diff.

const HERE = new URL(".", import.meta.url).pathname;
const FOLDERS = ["options", "errors", "mypaas05", "auto_domain"] as const;
/** What services of the folder `auto_domain` are reached under when they have no domain. */
const AUTO_DOMAIN = "203-0-113-7.sslip.io";
const SEPARATOR = "\n----------\n";

interface Golden {
  /** Such as `options/url_path`. */
  readonly name: string;
  readonly path: string;
  readonly dockerfile: string;
  readonly expected: string;
}

const goldens = FOLDERS.flatMap(readFolder);

function readFolder(folder: string): readonly Golden[] {
  return [...Deno.readDirSync(HERE + folder)].map(({ name }) => {
    const path = `${HERE}${folder}/${name}`;
    const [dockerfile = "", expected = ""] = Deno.readTextFileSync(path).split(SEPARATOR);
    return { name: `${folder}/${name.replace(/\.txt$/, "")}`, path, dockerfile, expected };
  }).sort((a, b) => a.name < b.name ? -1 : 1);
}

/** What becomes of a Dockerfile, as text. */
function outcome({ dockerfile, name }: Golden): string {
  try {
    const suffix = name.startsWith("auto_domain/") ? AUTO_DOMAIN : undefined;
    const spec = withAutoDomain(parseService(dockerfile, "Dockerfile"), suffix);
    const notes = specNotes(spec);
    const all = { spec, ...(notes.length > 0 && { notes }), ...routing(spec) };
    // Without what is undefined.
    return stringify(JSON.parse(JSON.stringify(all)), { useAnchors: false, lineWidth: -1 });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return `error: ${error.message}\n${error.hint === undefined ? "" : `hint: ${error.hint}\n`}`;
  }
}

/** A service's own part of the route file, and the labels of its containers. */
function routing(spec: ServiceSpec) {
  const places = Array.from({ length: replicaCount(spec) }, (_, index) => ({
    n: index + 1,
    ingressAddress: `10.1.0.${16 + index}`,
    internalAddress: `10.2.0.${16 + index}`,
  }));
  const route = routeOf(spec, places, NORMAL_HOLD_SECONDS);
  if (route === undefined) return { routes: "none" };
  const extras = { generation: 1, apiUser: "mypaas:$apr1$ab$c" };
  const without = tableOf(renderRouteFile([], extras));
  const own = Object.entries(tableOf(renderRouteFile([route], extras))).map(([kind, parts]) => [
    kind,
    Object.fromEntries(Object.entries(parts).filter(([name]) => without[kind]?.[name] === undefined)),
  ]);
  return { routes: Object.fromEntries(own), labels: renderLabels(route, { network: "mypaas-ingress" }) };
}

function tableOf(file: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const { http } = parse(file) as { readonly http: Record<string, Record<string, unknown>> };
  const { serversTransports: _shared, ...own } = http;
  return own;
}

for (const golden of goldens) {
  const { name, path, dockerfile, expected } = golden;
  Deno.test(`a Dockerfile becomes what its golden file says: ${name}`, () => {
    const actual = outcome(golden);
    if (Deno.env.get("MYPAAS_UPDATE_GOLDEN")) Deno.writeTextFileSync(path, dockerfile + SEPARATOR + actual);
    else assertEquals(actual, expected);
  });
}

function failed({ expected }: Golden): boolean {
  return expected.startsWith("error: ");
}

function optionsIn({ dockerfile }: Golden): readonly string[] {
  return [...dockerfile.matchAll(/^# mypaas\.([a-z-]+) *= *\S/gm)].map(([, name = ""]) => name);
}

Deno.test("the golden files cover every option, taken and refused", () => {
  assert(goldens.length >= 60, `${goldens.length}`);
  assert(goldens.filter(({ name }) => name.startsWith("mypaas05/")).length >= 15);
  const taken = new Set(goldens.filter((golden) => !failed(golden)).flatMap(optionsIn));
  const refused = goldens.filter(failed).map(({ expected }) => /option "([a-z-]+)"/.exec(expected)?.[1]);
  for (const { name, aliases } of allOptions) {
    assert([name, ...aliases].some((each) => taken.has(each)), `no golden file takes ${name}`);
    assert([name, ...aliases].some((each) => refused.includes(each)), `no golden file refuses ${name}`);
  }
});

Deno.test("the golden files cover every sentence in which a value is refused", async () => {
  const source = await Deno.readTextFile(`${HERE}../../src/service/option_values.ts`);
  const faults = [...source.matchAll(/fault: "([^"]+)"/g)].map(([, fault = ""]) => fault);
  assert(faults.length > 20);
  for (const fault of faults) {
    // A line of a text file holds no NUL; tests/service/option_values_test.ts has them.
    if (fault.includes("NUL")) continue;
    assert(goldens.some(({ expected }) => expected.includes(fault)), `no golden file has: ${fault}`);
  }
});

Deno.test("the golden files cover every difference to mypaas 0.5", () => {
  const lines = goldens.filter(failed).flatMap(({ dockerfile, expected }) =>
    [...dockerfile.matchAll(/^# mypaas\.([a-z-]+) *=[ \t]*(.*)$/gm)].map(([, name = "", value = ""]) => ({
      name: name === "service" ? "servicename" : name,
      value: value.trim(),
      expected,
    }))
  );
  for (const { option, pattern, instead } of DIFFERENCES) {
    const shown = lines.some(({ name, value, expected }) => {
      const match = (option === undefined || option === name) && pattern.exec(value);
      const hint = match && instead(match.slice(1), name);
      return hint && expected.includes(hint.replace("mypaas.servicename", "mypaas.service"));
    });
    assert(shown, `no golden file has ${option ?? "any option"} ${pattern}`);
  }
});
