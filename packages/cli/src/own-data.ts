import { homedir } from "node:os";
import { dataDirectory } from "@glovebox/engine/recording";

/**
 * Where this installation keeps what is its own: its key, and the records of its runs.
 * @throws GloveboxError `RECORD_PLACE_REFUSED` where nobody says where, and the user has no home
 */
export function ownData(): string {
  return dataDirectory({ variables: process.env, platform: process.platform, home });
}

/** A user whom the system does not know has none. */
function home(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
