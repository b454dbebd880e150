import type { SecretSource } from "./resolve.ts";

/** What a variable must begin with, so that no document can name any other of the operator's. */
const PREFIX = "GLOVEBOX_SECRET_";

/** Secrets in environment variables: `NAME` in `GLOVEBOX_SECRET_NAME`. Cells have none of the environment. */
export function environmentSecrets(environment: Readonly<Record<string, string | undefined>>): SecretSource {
  return {
    words: `the environment (as ${PREFIX}...)`,
    get: (name) => Promise.resolve(environment[PREFIX + name]),
  };
}
