import { readFileSync } from "node:fs";

/** Of the command, as its package has it. */
export function gloveboxVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return version;
}
