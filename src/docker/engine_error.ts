import { MyPaasError, type MyPaasErrorOptions } from "../error.ts";

/** Docker refused, or did not answer. */
export class EngineError extends MyPaasError {
  override readonly name = "EngineError";
  /** HTTP status of the answer; 0 when there was none. 304: it is so already. 404: not there. 409: in conflict. */
  readonly status: number;
  /** Docker's own words. */
  readonly reason: string;

  constructor(action: string, options: MyPaasErrorOptions & { readonly status: number; readonly reason: string }) {
    super(`Cannot ${action}: ${options.reason}`, options);
    this.status = options.status;
    this.reason = options.reason;
  }
}

/** Runs a call of which some refusals are fine, such as 404 for what shall be gone; those give undefined. */
export async function unlessStatus<T>(statuses: readonly number[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof EngineError && statuses.includes(error.status)) return undefined;
    throw error;
  }
}

/**
 * Says why no answer came. Deno gives no code for it, only the text of the system's error (tested in
 * tests/docker/client_test.ts).
 */
export function connectionError(action: string, { cause, socket }: { cause: Error; socket: string }): EngineError {
  const connecting = cause.message.includes("client error (Connect)");
  if (connecting && cause.message.includes("(os error 13)")) {
    const hint = "Run it as root, or with sudo";
    return new EngineError(action, {
      status: 0,
      reason: `no permission to use Docker's socket "${socket}"`,
      cause,
      hint,
    });
  }
  const reason = connecting
    ? `nothing answers at "${socket}"`
    : `the connection to Docker broke: ${cause.message.split(": ").slice(-1)[0]}`;
  return new EngineError(action, { status: 0, reason, cause, hint: "Check that Docker runs: systemctl status docker" });
}

/** What comes before the reason in the Engine's words, from the outermost layer to the innermost; all may be missing. */
const WRAPPERS = [
  /^.*unable to start container process: /s,
  /^error during container init: /,
  /^driver failed programming external connectivity on endpoint \S+( \([0-9a-f]+\))?: /,
  /^failed to set up container networking: /,
  /^failed to solve( with frontend \S+)?: /,
  /^rpc error: code = \w+ desc = /,
  /^failed to create LLB definition: /,
  /^failed to compute cache key: /,
  /^(Head|Get) "?https?:\/\/\S+: /,
];

/**
 * The reason alone, out of an Engine's nested error text: `exec: "/app": permission denied` out of `failed to create
 * shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: ...: unknown`.
 */
export function engineReason(text: string): string {
  let reason = text.trim();
  let before: string;
  do {
    before = reason;
    for (const wrapper of WRAPPERS) reason = reason.replace(wrapper, "");
  } while (reason !== before);
  return reason.replace(/: unknown$/, "").replace(/\.$/, "");
}

/**
 * What to try when a container could not be started. The Engine gives no code for the cause, only its words (tested in
 * tests/docker/requests_test.ts).
 */
export function startHint(reason: string): string | undefined {
  return reason.startsWith("exec: ")
    ? "See that ENTRYPOINT or CMD of the Dockerfile names a program that is in the image and may be executed."
    : undefined;
}
