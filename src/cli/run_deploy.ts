import type { Connection } from "../client/connection.ts";
import { ProgressLines, renderResult } from "../client/progress.ts";
import { push } from "../client/push.ts";
import { sha256 } from "../host/hash.ts";
import { findDockerfile } from "../host/dockerfile_path.ts";
import { diskTree } from "../host/tree.ts";
import { zstdCompress } from "../host/zstd.ts";
import { parseService } from "../service/parse_service.ts";
import { connectHere, connectTo } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { DeployCommandRequest } from "./deploy.ts";
import { absolutePath } from "./paths.ts";
import type { PushCommandRequest } from "./push.ts";

/** Deploys on this machine: the same as a push, over the daemon's socket. */
export async function runDeploy(request: DeployCommandRequest, context: CliContext): Promise<void> {
  await send(request, context, connectHere(context));
}

/** Pushes to a server. */
export async function runPush(request: PushCommandRequest, context: CliContext): Promise<void> {
  await send(request, context, await connectTo(request.server, context));
}

async function send(
  { dockerfile: path, force, dryRun }: DeployCommandRequest,
  { cwd, json, terminal }: CliContext,
  connection: Connection,
): Promise<void> {
  const { folder, dockerfile } = await findDockerfile(absolutePath(path, cwd));
  const progress = new ProgressLines();
  try {
    const result = await push(
      {
        connection,
        tree: diskTree(folder),
        dockerfile,
        parseService,
        now: () => Date.now(),
        digest: sha256,
        compress: zstdCompress,
      },
      { force, dryRun },
      (event) => {
        if (json) terminal.out(JSON.stringify(event));
        else for (const line of progress.next(event)) terminal.err(line);
      },
    );
    if (json) {
      const { sentBytes, totalBytes, seconds } = result;
      terminal.out(JSON.stringify({ kind: "sent", bytes: sentBytes, total: totalBytes, seconds }));
    } else {
      for (const line of renderResult(result)) terminal.out(line);
    }
  } finally {
    connection.close();
  }
}
