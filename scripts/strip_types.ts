// Writes the program without its types, for scripts/compile: deno compile embeds the text of each TypeScript module beside
// the JavaScript made of it, and each process holds both in memory. Of JavaScript there is one text.
//   deno run -A scripts/strip_types.ts FOLDER    main.js, src/, and what Deno needs to know, go into FOLDER
import { transformSync } from "amaro";
import { maskCode } from "./mask_code.ts";

const ROOT = decodeURIComponent(new URL("..", import.meta.url).pathname);

/** A quoted specifier, its text masked, and what makes it one. */
const SPECIFIERS = /\b(?:from|import)\s*\(?\s*" *"/g;

/**
 * A module as JavaScript. Types become blanks and `.ts` becomes `.js`, so that lines and columns, which stack traces
 * tell, stay as they are.
 *
 * @throws what amaro says of syntax that is more than types, such as an enum
 */
export function stripTypes(text: string): string {
  let { code } = transformSync(text, { mode: "strip-only" });
  for (const { index, 0: found } of maskCode(code).matchAll(SPECIFIERS)) {
    const end = index + found.length;
    code = code.slice(0, index) + code.slice(index, end).replace(/(?<="\.[^"]*)\.ts"$/, '.js"') + code.slice(end);
  }
  return code;
}

async function stripFile(from: string, to: string): Promise<void> {
  const text = await Deno.readTextFile(from);
  try {
    await Deno.writeTextFile(to.replace(/\.ts$/, ".js"), stripTypes(text));
  } catch (cause) {
    throw new Error(`Cannot strip the types of ${from}`, { cause });
  }
}

async function stripFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const strip = isDirectory ? stripFolder : stripFile;
    await strip(`${from}/${name}`, `${to}/${name}`);
  }
}

if (import.meta.main) {
  const [to] = Deno.args;
  if (to === undefined) throw new Error("strip_types.ts needs the folder to write to");
  await stripFolder(`${ROOT}/src`, `${to}/src`);
  await stripFile(`${ROOT}/main.ts`, `${to}/main.ts`);
  for (const name of ["deno.json", "deno.lock"]) await Deno.copyFile(`${ROOT}/${name}`, `${to}/${name}`);
}
