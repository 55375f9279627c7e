import type { EnvVariable, ServiceSpec } from "./spec.ts";

/** Where a container has its secrets, one file each, as Docker's own secrets are. */
export const SECRETS_FOLDER = "/run/secrets";

/** The variables of a release that its containers get as files, and the others. */
export function splitSecrets(
  { fileEnv = [] }: Pick<ServiceSpec, "fileEnv">,
  env: readonly EnvVariable[],
): { readonly files: readonly EnvVariable[]; readonly plain: readonly EnvVariable[] } {
  return {
    files: env.filter(({ name }) => fileEnv.includes(name)),
    plain: env.filter(({ name }) => !fileEnv.includes(name)),
  };
}

/** Tells a program where its secrets are, by the name that many images look for: `PASSWORD_FILE=/run/secrets/PASSWORD`. */
export function secretPaths({ fileEnv = [] }: Pick<ServiceSpec, "fileEnv">): readonly EnvVariable[] {
  return fileEnv.map((name) => ({ name: `${name}_FILE`, value: `${SECRETS_FOLDER}/${name}` }));
}
