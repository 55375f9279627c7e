import { listContext, readIgnore } from "../archive/context_list.ts";
import { jsonBytes } from "../client/json_bytes.ts";
import { plainText } from "../client/plain_text.ts";
import { checkDns } from "../doctor/dns.ts";
import { fault, type Finding, unknown, warning } from "../doctor/finding.ts";
import { checkContext } from "../doctor/project.ts";
import type { Check } from "../doctor/run_checks.ts";
import { checkRemote } from "../doctor/running.ts";
import { MyPaasError, UsageError } from "../error.ts";
import { clientFolder } from "../host/client_files.ts";
import { findDockerfile } from "../host/dockerfile_path.ts";
import { httpHead } from "../host/front_facts.ts";
import { lookupAddresses } from "../host/lookup.ts";
import { diskTree } from "../host/tree.ts";
import { parseService } from "../service/parse_service.ts";
import { domainsOf, type ServiceSpec } from "../service/spec.ts";
import { parseHelloAnswer, parseMissingAnswer, parseServices } from "../wire/answer_schemas.ts";
import type { MissingRequest } from "../wire/requests.ts";
import { configFolder, connectTo } from "./connect.ts";
import type { CliContext } from "./context.ts";
import type { DoctorCommandRequest } from "./doctor.ts";
import { once } from "./doctor_server.ts";
import { absolutePath } from "./paths.ts";

/** A project as far as it can be read. */
interface Project {
  readonly spec: ServiceSpec;
  readonly context: NonNullable<MissingRequest["context"]>;
  readonly findings: readonly Finding[];
}

/**
 * The checks of a laptop: the project of a folder, and the way to one server, or to all that the laptop is logged in to.
 *
 * @throws {UsageError} when there is neither a project nor a server
 */
export async function projectChecks(request: DoctorCommandRequest, context: CliContext): Promise<readonly Check[]> {
  const path = absolutePath(request.dockerfile ?? ".", context.cwd);
  const found = await findDockerfile(path).catch((error: unknown) => {
    if (request.dockerfile === undefined && error instanceof UsageError) return undefined;
    throw error;
  });
  const servers = request.server === undefined ? await savedServers(context) : [request.server];
  if (found === undefined && servers.length === 0) {
    throw new UsageError("Cannot look for faults: here is no server, no Dockerfile, and no login to a server", {
      hint: "Run it on a server, in the folder of a project, or name a server: mypaas doctor --server NAME.",
    });
  }
  const project = found === undefined ? undefined : once(() => readProject(found));
  const [first, ...more] = servers;
  return [
    ...project === undefined ? [] : [{ name: "project", what: "the project", look: () => lookAtProject(project) }],
    ...servers.map((server) => ({
      name: "server",
      what: `the server "${server}"`,
      look: (signal: AbortSignal) => lookAtServer(server, { project, context, signal }),
    })),
    // Of more than one server it is not known which of them a domain should lead to.
    ...project === undefined || first === undefined || more.length > 0 ? [] : [{
      name: "dns",
      what: "the domains",
      look: () => lookAtDomains(first, { project, context }),
    }],
  ];
}

async function savedServers(context: CliContext): Promise<readonly string[]> {
  try {
    return Object.keys(await clientFolder(configFolder(context)).servers());
  } catch (error) {
    if (error instanceof UsageError) return [];
    throw error;
  }
}

async function readProject(
  { folder, dockerfile }: { readonly folder: string; readonly dockerfile: string },
): Promise<Project> {
  const tree = diskTree(folder);
  const { spec } = parseService(await tree.text(dockerfile) ?? "", dockerfile);
  const entries = await listContext(tree, { ignore: await readIgnore(tree, dockerfile), dockerfile });
  const files = entries.filter(({ type }) => type === "file").map(({ path, size }) => ({ path, bytes: size }));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { spec, context: { files: entries.length, bytes }, findings: checkContext({ files }) };
}

async function lookAtProject(project: () => Promise<Project>): Promise<readonly Finding[]> {
  try {
    return (await project()).findings;
  } catch (error) {
    return [refusal(error)];
  }
}

interface Look {
  readonly project: (() => Promise<Project>) | undefined;
  readonly context: CliContext;
}

async function lookAtServer(
  server: string,
  { project, context, signal }: Look & { readonly signal: AbortSignal },
): Promise<readonly Finding[]> {
  const name = server.split("#")[0] ?? server;
  try {
    using connection = await connectTo(server, context);
    const asked = new Date();
    const hello = await connection.json("GET", "/v1/hello", { parse: parseHelloAnswer, from: "receiver", signal });
    const remote = checkRemote({
      name,
      version: context.version,
      hello: { ...hello, version: plainText(hello.version), time: new Date(hello.time) },
      serverId: connection.signed ? connection.server : undefined,
      asked,
      answered: new Date(),
    });
    const web = await lookAtWeb(connection.name, signal);
    // With a wrong clock, or at another server, the key would be refused for that.
    if (remote.some(({ level }) => level === "fault")) return [...remote, ...web];
    const read = await project?.().catch(() => undefined);
    try {
      // The one answer of these that the daemon signs.
      await connection.json("GET", "/v1/services", { parse: parseServices, signal });
      if (read !== undefined) {
        const path = `/v1/missing?service=${encodeURIComponent(read.spec.name)}`;
        const request: MissingRequest = { digests: [], context: read.context };
        const body = jsonBytes(request);
        await connection.json("POST", path, { body, parse: parseMissingAnswer, from: "receiver", signal });
      }
      return [...remote, ...web];
    } catch (error) {
      return [...remote, ...web, refusal(error)];
    }
  } catch (error) {
    return [refusal(error)];
  }
}

/** Visitors by http, and authorities that sign certificates, come to port 80. */
async function lookAtWeb(url: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const { protocol, port, hostname } = URL.parse(url) ?? {};
  if (protocol !== "https:" || port !== "") return [];
  if (await httpHead(`http://${hostname}/`, { signal }) !== undefined) return [];
  const message = `Port 80 of ${hostname} is not reached from here, so no certificate can be signed for its domains`;
  return [warning(message, "Open it in the firewall that stands before the server; there: mypaas doctor")];
}

async function lookAtDomains(
  server: string,
  { project, context }: { readonly project: () => Promise<Project>; readonly context: CliContext },
): Promise<readonly Finding[]> {
  using connection = await connectTo(server, context);
  const url = URL.parse(connection.name);
  const spec = await project().then(({ spec }) => spec, () => undefined);
  // The project's own check tells why it is not read.
  if (spec === undefined) return [];
  if (url?.protocol !== "https:") return [unknown("Where the domains should lead is not known over ssh")];
  const own = await lookupAddresses(url.hostname.replace(/^\[|\]$/g, ""));
  const domains = await Promise.all(
    domainsOf(spec).map(async (domain) => ({
      domain,
      service: spec.name,
      https: spec.sites.some((site) => site.domain === domain && site.https),
      leadsTo: await lookupAddresses(domain),
    })),
  );
  return checkDns({ domains, own, servesIpv6: true });
}

/** @throws what is a bug */
function refusal(error: unknown): Finding {
  if (error instanceof MyPaasError) return fault(error.message, error.hint);
  throw error;
}
