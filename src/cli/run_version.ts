import { plainText } from "../client/plain_text.ts";
import { parseHelloAnswer } from "../wire/answer_schemas.ts";
import { skewHint } from "../wire/version.ts";
import { connect } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { VersionCommandRequest } from "./version.ts";

/** Shows the version of this program, and of the server that is named by the flag or by MYPAAS_SERVER. */
export async function runVersion({ server }: VersionCommandRequest, context: CliContext): Promise<void> {
  const { version, json, terminal } = context;
  const asked = server ?? context.env("MYPAAS_SERVER");
  const theirs = asked === undefined ? undefined : await serverVersion(asked, context);
  if (json) {
    terminal.out(JSON.stringify({ client: version, ...theirs !== undefined && { server: theirs } }));
    return;
  }
  terminal.out(theirs === undefined ? version : `client ${version}`);
  if (theirs === undefined) return;
  terminal.out(`server ${theirs}`);
  const hint = skewHint({ client: version, server: theirs });
  if (hint !== undefined) terminal.err(hint);
}

async function serverVersion(server: string, context: CliContext): Promise<string> {
  using connection = await connect(server, context);
  const hello = await connection.json("GET", "/v1/hello", { parse: parseHelloAnswer, from: "receiver" });
  // Of the receiver, which proves nothing.
  return plainText(hello.version);
}
