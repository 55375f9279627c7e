import { type NameProof, PROOF_HEADER } from "../traefik/name_proof.ts";
import { isPublicAddress } from "./public_address.ts";

/** Of a name with more addresses than that, the first are asked. */
const MOST_ADDRESSES = 8;

/** What the name servers say about a name. */
export type NameRecords =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  /** The name, or an address of it, does not exist. */
  | { readonly kind: "none" }
  | { readonly kind: "no answer" };

/** How a request over plain http went; of its answer nothing but one header is read. */
export type HeaderAnswer =
  | { readonly kind: "answer"; readonly header: string | undefined }
  | { readonly kind: "refused" | "unreachable" | "no answer" };

export interface NameCheckParts {
  readonly records: (domain: string) => Promise<NameRecords>;
  /** Asks one address for a path as `host`; follows no redirect, and ends within seconds. */
  readonly askHeader: (
    request: {
      readonly address: string;
      readonly port: number;
      readonly host: string;
      readonly path: string;
      readonly header: string;
    },
  ) => Promise<HeaderAnswer>;
  /** The addresses of this machine, and the one that laptops use. */
  readonly ownAddresses: () => ReadonlySet<string>;
  /** Where the authority will ask. */
  readonly port: number;
  readonly proof: NameProof;
}

/**
 * Looks whether a name leads to this server, as an authority will: every address that it resolves to must answer over plain
 * http what only this server's Traefik knows. Whoever may deploy chooses the name, so nothing is asked of an address that is
 * neither this machine's nor one of the internet.
 *
 * @returns what is wrong, as a sentence that begins with the name; undefined when it leads here
 */
export async function nameProblem(domain: string, parts: NameCheckParts): Promise<string | undefined> {
  const found = await parts.records(domain);
  if (found.kind === "no answer") return `${domain} cannot be looked up: no name server answers`;
  if (found.kind === "none") return `${domain} has no address: no DNS record leads to this server`;
  const { addresses } = found;
  const own = parts.ownAddresses();
  const asked = await Promise.all(
    addresses.slice(0, MOST_ADDRESSES).map(async (address) => ({ address, answer: await ask(address, own) })),
  );
  const leads = ({ answer }: typeof asked[number]) => answer?.kind === "answer" && answer.header === parts.proof.token;
  const anyLeads = asked.some(leads);
  // A machine without IPv6 cannot ask there; whoever sends requests on from there to here, such as a CDN, can.
  const wrong = asked.find((one) =>
    !leads(one) && !(anyLeads && one.address.includes(":") && one.answer?.kind === "unreachable")
  );
  if (wrong === undefined) return undefined;
  if (own.has(wrong.address)) return `${domain} resolves to this server, ${howItFailed(wrong, parts.port)}`;
  if (anyLeads) return `${domain} resolves to ${wrong.address} as well, which is not this server`;
  const why = wrong.answer === undefined || wrong.answer.kind === "answer"
    ? ""
    : ` (${wrong.address}, ${howItFailed(wrong, parts.port)})`;
  return `${domain} resolves to ${addresses.join(", ")}, not to this server${why}`;

  async function ask(address: string, own: ReadonlySet<string>): Promise<HeaderAnswer | undefined> {
    if (!own.has(address) && !isPublicAddress(address)) return undefined;
    const { port, proof: { path } } = parts;
    return await parts.askHeader({ address, port, host: domain, path, header: PROOF_HEADER });
  }
}

function howItFailed({ answer }: { readonly answer: HeaderAnswer | undefined }, port: number): string {
  switch (answer?.kind) {
    case "refused":
      return `whose port ${port} refuses connections`;
    case "unreachable":
      return "which cannot be reached from here";
    case "no answer":
      return `whose port ${port} does not answer`;
    default:
      return `but something else answers at its port ${port}`;
  }
}
