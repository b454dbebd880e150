import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** Where the system's own programs are: not where the user's PATH leads. */
const FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/run/current-system/sw/bin"];
const LDD_MS_MAX = 10_000;

/** The absolute path of a program of the system's; undefined where it has none of that name. */
export function findProgram(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Programs, and the libraries that they are linked to, by the paths under which the loader looks for them; undefined where that can't be told. */
export function withLibraries(programs: readonly string[]): readonly string[] | undefined {
  const ldd = findProgram("ldd");
  if (!ldd) return undefined;
  const files = new Set(programs);
  for (const program of programs) {
    const { stdout, error } = spawnSync(ldd, [program], { env: {}, encoding: "utf8", timeout: LDD_MS_MAX });
    if (error) return undefined;
    // `name => /path (0x…)` for libraries, `/path (0x…)` for the loader.
    for (const [, path] of stdout.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(0x/gm)) files.add(path as string);
  }
  return [...files];
}
