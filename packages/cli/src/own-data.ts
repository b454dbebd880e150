import { homedir } from "node:os";
import { dataDirectory } from "@glovebox/engine/records";

/** Where this installation keeps what is its own: its key, and the records of its runs. */
export function ownData(): string {
  return dataDirectory({ variables: process.env, platform: process.platform, home: homedir() });
}
