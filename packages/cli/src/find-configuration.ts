import { existsSync } from "node:fs";
import { resolve } from "node:path";

const NAME = "glovebox.config.yaml";

/** The operator's configuration: a file, and whether it was named or only lay there. */
export interface FoundConfiguration {
  readonly file: string;
  readonly named: boolean;
}

/** Looked for in `--config`, then `GLOVEBOX_CONFIG`, then the working folder. Undefined: there is none. Loads nothing. */
export function findConfiguration(flag: string | undefined): FoundConfiguration | undefined {
  const named = flag ?? (process.env["GLOVEBOX_CONFIG"] || undefined);
  if (named !== undefined) return { file: named, named: true };
  return existsSync(resolve(NAME)) ? { file: NAME, named: false } : undefined;
}
