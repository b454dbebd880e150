import type { IsolationLevel } from "@glovebox/sandbox";
import type { Cell } from "./cell-process.ts";

/** One thing that was looked at. `weak`: it works, and could be stronger. */
export interface Finding {
  readonly state: "good" | "weak" | "broken";
  readonly what: string;
  readonly says: string;
}

const UNTOLD = "the kernel doesn't tell";

/** What holds a guest in place besides WebAssembly itself, judged by a cell that was running just now. */
export function isolationFindings(cell: Cell | undefined, platform: NodeJS.Platform): readonly Finding[] {
  if (cell === undefined) {
    if (platform !== "linux")
      return [
        weak(
          "cell",
          `nothing can be seen of a cell from outside on ${platform}: it is a process with Node's permission model, and that is all`,
        ),
      ];
    return [weak("cell", "no cell could be looked at")];
  }
  const { status, commandLine, environment, cpuTold, ownNamespaces } = cell;
  const wraps = commandLine.includes("--permission");
  return [
    good("process", `every guest has WebAssembly's walls, in a process of its own that is used by one key only`),
    wraps
      ? good("permission model", "Node refuses files, processes, threads and native code in the cell")
      : broken("permission model", "the cell was started without --permission"),
    environmentFinding(environment),
    status.get("NoNewPrivs") === "1"
      ? good("privileges", "no new privileges can be gained")
      : weak(
          "privileges",
          `the cell may gain privileges from set-user-id programs: ${status.has("NoNewPrivs") ? "setpriv (util-linux) is missing" : UNTOLD}`,
        ),
    userFinding(status, ownNamespaces),
    status.get("Seccomp") === "2"
      ? good("system calls", "filtered by seccomp")
      : weak("system calls", status.has("Seccomp") ? "no filter: code that breaks out of V8 can make any system call" : UNTOLD),
    ownNamespaces.length === 0
      ? weak("namespaces", "none of its own: code that breaks out of V8 sees this machine's network and processes")
      : good("namespaces", `its own: ${ownNamespaces.join(", ")}`),
    cpuTold
      ? good("CPU accounting", "by thread, from the kernel")
      : weak("CPU accounting", "the kernel doesn't tell a thread's CPU time: time that passes is counted instead"),
  ];
}

const LEVELS: Readonly<Record<IsolationLevel, string>> = {
  bubblewrap: "bubblewrap: a root that holds nothing but the runtimes, and nothing of this machine's network and processes",
  unshare: "unshare: a root that holds nothing but the runtimes, and nothing of this machine's network and processes",
  none: "none: code that breaks out of V8 can do what its user can",
};

/**
 * What stands around a cell.
 *
 * @param failed why each stronger level does not work
 */
export function levelFinding(level: IsolationLevel, failed: readonly string[]): Finding {
  const says = [LEVELS[level], ...failed].join("; ");
  return level === "bubblewrap" ? good("isolation", says) : weak("isolation", `${says} (docs/isolation.md)`);
}

/** What `sh` or bubblewrap sets by itself, and tells nothing of. */
const SET_BY_WRAPPERS: ReadonlySet<string> = new Set(["PWD", "OLDPWD", "SHLVL", "_"]);

function environmentFinding(names: readonly string[]): Finding {
  const ours = names.filter((name) => !SET_BY_WRAPPERS.has(name));
  if (ours.length > 0) return broken("environment", `the cell sees variables of this process: ${ours.join(", ")}`);
  return good("environment", names.length === 0 ? "empty" : `none of yours (only what its wrapper sets: ${names.join(", ")})`);
}

/** A cell that runs as the user who started it could do to that user's files and processes what that user could. */
function userFinding(status: ReadonlyMap<string, string>, ownNamespaces: readonly string[]): Finding {
  const effective = status.get("Uid")?.split(/\s+/)[1];
  if (effective === undefined) return weak("user", UNTOLD);
  const user = Number(effective);
  if (ownNamespaces.includes("user")) return good("user", "nobody, in a user namespace of its own");
  if (user === 0) return weak("user", "root, as you are: code that breaks out of V8 owns this machine; run glovebox as another user");
  if (user === process.getuid?.()) return weak("user", "yours: code that breaks out of V8 has your rights");
  return good("user", `${user}, not yours`);
}

function good(what: string, says: string): Finding {
  return { state: "good", what, says };
}

function weak(what: string, says: string): Finding {
  return { state: "weak", what, says };
}

function broken(what: string, says: string): Finding {
  return { state: "broken", what, says };
}
