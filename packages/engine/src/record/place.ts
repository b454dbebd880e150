import { randomBytes } from "node:crypto";
import { isAbsolute, join, resolve } from "node:path";
import { GloveboxError } from "@glovebox/sandbox";

/** What decides where an installation keeps what is its own. */
export interface Surroundings {
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The user's home; undefined: there is none. */
  readonly home: () => string | undefined;
}

/**
 * The directory of an installation's own data: `GLOVEBOX_DATA`, else `glovebox` where the platform keeps data of programs. Pure.
 * A relative `XDG_DATA_HOME` is none, as the XDG base directory specification has it.
 * @throws GloveboxError `RECORD_PLACE_REFUSED` where that would be below a home that is not there
 */
export function dataDirectory({ variables, platform, home }: Surroundings): string {
  const { GLOVEBOX_DATA: own, XDG_DATA_HOME: xdg, LOCALAPPDATA: local } = variables;
  if (own !== undefined && own !== "") return resolve(own);
  if (platform === "win32" && local !== undefined && local !== "") return join(local, "glovebox");
  if (platform !== "win32" && xdg !== undefined && isAbsolute(xdg)) return join(xdg, "glovebox");
  const below = home();
  if (below === undefined || !isAbsolute(below)) {
    throw new GloveboxError("RECORD_PLACE_REFUSED", "Cannot keep records: the user has no home (GLOVEBOX_DATA names another place)");
  }
  return join(below, ...(BELOW_HOME[platform] ?? [".local", "share"]), "glovebox");
}

const BELOW_HOME: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["Library", "Application Support"],
  win32: ["AppData", "Local"],
};

/** Below the data directory. */
export function recordsDirectory(data: string): string {
  return join(data, "records");
}

const EXTENSION = ".jsonl";
const RUN_ID = /^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{10}$/;

/** Ids sort by when their runs began. */
export function newRunId(startedAt: Date): string {
  const time = startedAt.toISOString().replaceAll(/[-:]/g, "");
  return `${time}-${randomBytes(5).toString("hex")}`;
}

/** When a run began, as its id has it. */
export function beganAt(runId: string): Date {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)([\d.]+)Z/.exec(runId) ?? [];
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

export function recordName(runId: string): string {
  return runId + EXTENSION;
}

/** The run whose record has this name; undefined: it is no record's name. */
export function runIdOf(name: string): string | undefined {
  const id = name.endsWith(EXTENSION) ? name.slice(0, -EXTENSION.length) : "";
  return RUN_ID.test(id) ? id : undefined;
}
