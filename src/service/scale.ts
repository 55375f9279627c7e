import { UsageError } from "../error.ts";
import { options } from "./options.ts";
import { publishedName, type ServiceSpec } from "./spec.ts";

/**
 * The same service with another number of replicas. A drain time-out that is the default stays the default.
 *
 * @throws {UsageError} when the number is out of range, or the service has published ports and can only have one replica
 */
export function withScale(spec: ServiceSpec, scale: number): ServiceSpec {
  const cannot = `Cannot scale "${spec.name}" to ${scale}`;
  if ("fault" in options.scale.parse(String(scale))) {
    throw new UsageError(`${cannot}: it takes ${options.scale.takes}`);
  }
  const [port] = spec.publish;
  if (scale > 0 && port !== undefined) {
    throw new UsageError(
      `${cannot}: one port of the server cannot lead to an old and a new container at once, and it publishes ${
        publishedName(port)
      }`,
      { hint: "Take # mypaas.publish out of its Dockerfile and push it first." },
    );
  }
  const isDefault = spec.drainTimeoutSeconds === defaultDrain(spec.scale);
  return { ...spec, scale, ...(isDefault && { drainTimeoutSeconds: defaultDrain(scale) }) };
}

/** In seconds. */
function defaultDrain(scale: number): number {
  const { parse, defaultAtScaleZero, default: usual } = options.drainTimeout;
  const parsed = parse(scale === 0 ? defaultAtScaleZero : usual);
  if ("fault" in parsed) throw new Error(`The default of the option drain-timeout ${parsed.fault}`);
  return parsed.value;
}
