import { MyPaasError } from "../error.ts";
import type { EnvVariable, ServiceSpec } from "../service/spec.ts";

/** A variable of a service's store. Its value is a secret. */
export interface StoredVariable extends EnvVariable {
  /** Whether nobody is given the value back. */
  readonly secret: boolean;
  readonly setBy: string;
  /** ISO 8601. */
  readonly setAt: string;
}

/** The values that Dockerfiles name and do not hold, per service. */
export interface EnvStore {
  /** Sorted by name. */
  values(service: string): readonly StoredVariable[];
  /** Sets and removes variables, all or none; a name that is not there is removed all the same. */
  change(
    service: string,
    change: {
      readonly set: readonly EnvVariable[];
      readonly unset: readonly string[];
      /** Whether those that are set are given back to nobody from now on. What was secret stays so until it is unset. */
      readonly secret?: boolean;
      readonly by: string;
      readonly at: string;
    },
  ): void;
}

/** What the containers of a spec get, as far as it is known at this moment: the Dockerfile's values, then the stored ones. */
export function resolveEnv(
  store: Pick<EnvStore, "values">,
  { name: service, env, storedEnv }: Pick<ServiceSpec, "name" | "env" | "storedEnv">,
): { readonly env: readonly EnvVariable[]; readonly lacking: readonly string[] } {
  const values = new Map(store.values(service).map(({ name, value }) => [name, value]));
  const stored = storedEnv.flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [{ name, value }];
  });
  return { env: [...env, ...stored], lacking: storedEnv.filter((name) => !values.has(name)) };
}

/**
 * What the containers of a new release get.
 *
 * @throws {MyPaasError} naming the variables that the store lacks
 */
export function completeEnv(store: Pick<EnvStore, "values">, spec: ServiceSpec): readonly EnvVariable[] {
  const { env, lacking } = resolveEnv(store, spec);
  if (lacking.length === 0) return env;
  const names = lacking.map((name) => `"${name}"`).join(", ");
  throw new MyPaasError(
    `Cannot deploy "${spec.name}": its Dockerfile takes ${names} from the service's store, which lacks ${
      lacking.length === 1 ? "it" : "them"
    }`,
    { hint: lacking.map((name) => `mypaas env set ${spec.name} ${name}`).join("; ") },
  );
}
