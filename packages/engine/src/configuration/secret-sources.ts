import { resolve } from "node:path";
import { commandSecrets } from "../secrets/command.ts";
import { environmentSecrets } from "../secrets/environment.ts";
import { fileSecrets } from "../secrets/file.ts";
import type { SecretSource } from "../secrets/resolve.ts";
import type { Configuration } from "./configuration.ts";

/**
 * The sources that a configuration names, in the order in which they are looked at.
 * @param folder that of the configuration, or the working folder
 */
export function secretSources(
  { secrets: { environment, file, command, commandTimeoutMs } }: Configuration,
  folder: string,
  variables: Readonly<Record<string, string | undefined>>,
): readonly SecretSource[] {
  return [
    ...(environment ? [environmentSecrets(variables)] : []),
    ...(file === undefined ? [] : [fileSecrets(resolve(folder, file))]),
    ...(command === undefined ? [] : [commandSecrets({ command, timeoutMs: commandTimeoutMs, folder })]),
  ];
}
