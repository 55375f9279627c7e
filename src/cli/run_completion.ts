import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { plainText } from "../client/plain_text.ts";
import { clientFolder } from "../host/client_files.ts";
import { within } from "../wait.ts";
import { parseServices } from "../wire/answer_schemas.ts";
import { type Candidate, completeWords, type Wanted } from "./complete.ts";
import type { CompleteCommandRequest, CompletionCommandRequest } from "./completion.ts";
import { completionScripts } from "./completion_scripts.ts";
import { configFolder, connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import { absolutePath } from "./paths.ts";

/** How long somebody who pressed the tab key waits for a server. */
const NAMES_TIMEOUT_MS = 1000;

/** Prints the script of a shell. */
export function runCompletion({ shell }: CompletionCommandRequest, { terminal }: CliContext): Promise<void> {
  terminal.out(completionScripts[shell].trimEnd());
  return Promise.resolve();
}

/** Answers the script of a shell: a line for each candidate. What cannot be known is left out, without a word. */
export async function runComplete(
  { words }: CompleteCommandRequest,
  program: CommandUnknownOpts,
  context: CliContext,
): Promise<void> {
  const wanted = completeWords(program, words);
  const lines = wanted.names === "files" ? [":files"] : [...wanted.candidates, ...await namesOf(wanted, context)]
    .filter(({ word }) => word.startsWith(wanted.current) && isPlain(word))
    .map(({ word, description }) => `${wanted.prefix}${word}\t${oneField(description)}`.trimEnd());
  for (const line of lines) context.terminal.out(line);
}

/** Names come from servers and files, and a shell may put them on the command line as they are. */
function isPlain(word: string): boolean {
  return /^[\w.@+,/-]+$/.test(word);
}

function oneField(text: string): string {
  return plainText(text).replaceAll("\t", " ");
}

async function namesOf(wanted: Wanted, context: CliContext): Promise<readonly Candidate[]> {
  try {
    if (wanted.names === "servers") return await servers(context);
    if (wanted.names !== "services") return [];
    const root = wanted.root === undefined ? context.root : absolutePath(wanted.root, context.cwd);
    // Who presses the tab key is not asked for a passphrase.
    const terminal = { ...context.terminal, isTerminal: { stdin: false, stdout: false, stderr: false } };
    const found = services(wanted.server, { ...context, root, terminal });
    return await within(found, { what: "the server answers", timeoutMs: NAMES_TIMEOUT_MS });
  } catch {
    return [];
  }
}

async function servers(context: CliContext): Promise<readonly Candidate[]> {
  const entries = await clientFolder(configFolder(context)).servers();
  return Object.entries(entries).map(([word, { url }]) => ({ word, description: url }));
}

async function services(server: string | undefined, context: CliContext): Promise<readonly Candidate[]> {
  // Nothing may be asked in the middle of a command line.
  const nobody = { stdin: false, stdout: false, stderr: false };
  const terminal = { ...context.terminal, isTerminal: nobody };
  const connection = await connect(server, { ...context, terminal });
  try {
    const found = await connection.json("GET", "/v1/services", { parse: parseServices });
    return found.map(({ service, status, urls }) => ({ word: service, description: [status, ...urls].join(" ") }));
  } finally {
    connection.close();
  }
}
