import { largestPaths } from "../archive/largest_paths.ts";
import { shownPath } from "../archive/shown_path.ts";
import { advice, type Finding, warning } from "./finding.ts";

/** What a push of the project sends. */
export interface ContextFacts {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** A push that sends less is quick enough on any line, in bytes. */
const MUCH_BYTES = 100_000_000;
const MANY_FILES = 20_000;
/** What usually holds secrets. Of `.env.example` everybody knows that it does not. */
const SECRETS = /^(\.env(\.(local|production|development|prod|dev))?|.*\.pem|id_(rsa|ecdsa|ed25519)|\.npmrc|\.netrc)$/;

/** Judges what `.dockerignore` lets through. */
export function checkContext({ files }: ContextFacts): readonly Finding[] {
  const findings: Finding[] = [];
  const secrets = files.filter(({ path }) => SECRETS.test(path.slice(path.lastIndexOf("/") + 1)));
  for (const { path } of secrets.slice(0, 3)) {
    findings.push(
      warning(
        `"${shownPath(path)}" is sent with every push and may hold a secret, which then is in the image of COPY . .`,
        `${ignoreCommand(path)} (give values with: mypaas env set)`,
      ),
    );
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes <= MUCH_BYTES && files.length <= MANY_FILES) return findings;
  const size = `${Math.round(bytes / 1e6)} MB in ${files.length} files`;
  const [largest] = largestPaths(files, 1);
  const most = largest === undefined
    ? ""
    : `; ${shownPath(largest.path)} has ${Math.round(largest.bytes / 1e6)} MB of them`;
  const fix = largest === undefined ? "mypaas files (lists them)" : ignoreCommand(largest.line);
  return [...findings, advice(`A push of this folder looks at ${size}${most}`, fix)];
}

function ignoreCommand(line: string): string {
  return `echo '${line.replaceAll("'", "'\\''")}' >>.dockerignore`;
}
