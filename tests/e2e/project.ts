/** The folder of this checkout. */
export const CHECKOUT = decodeURIComponent(new URL("../..", import.meta.url).pathname).replace(/\/$/, "");

/** A project whose app is tests/e2e/app. */
export interface AppProject {
  readonly name: string;
  /** `mypaas.*` options beside `servicename`, such as `{ domain: ["a.test", "b.test"], scale: 2 }`. */
  readonly options?: Readonly<Record<string, string | number | readonly string[]>>;
  /** What the app reads: `TEXT`, `BOOT`, `PORT`, ... (see tests/e2e/app/main.go) */
  readonly app?: Readonly<Record<string, string>>;
  /** Further instructions, after those of the app. */
  readonly instructions?: readonly string[];
  readonly from?: string;
  /** Instructions before `FROM`. */
  readonly head?: readonly string[];
  /** The first line, such as `# syntax=...`. */
  readonly first?: string;
  /** How the name is given; `service` is as in mypaas 0.5. */
  readonly nameOption?: "servicename" | "service";
}

/**
 * Writes a project into a folder, over what an earlier call wrote there.
 *
 * @returns the path of its Dockerfile
 */
export async function writeProject(
  folder: string,
  { name, options = {}, app = {}, instructions = [], from = "scratch", head = [], first, nameOption = "servicename" }:
    AppProject,
): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.copyFile(`${CHECKOUT}/.tools/testapp/app`, `${folder}/app`);
  await Deno.chmod(`${folder}/app`, 0o755);
  const lines = [
    ...first === undefined ? [] : [first],
    `# mypaas.${nameOption} = ${name}`,
    ...Object.entries(options).flatMap(([option, value]) => [value].flat().map((one) => `# mypaas.${option} = ${one}`)),
    ...head,
    `FROM ${from}`,
    "COPY app /app",
    ...Object.entries(app).map(([variable, value]) =>
      `ENV ${variable}=${JSON.stringify(value).replaceAll("$", "\\$")}`
    ),
    ...instructions,
    'ENTRYPOINT ["/app"]',
  ];
  await Deno.writeTextFile(`${folder}/Dockerfile`, lines.join("\n") + "\n");
  return `${folder}/Dockerfile`;
}
