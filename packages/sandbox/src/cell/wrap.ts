import { dirname } from "node:path";

/** What stands around a process cell besides WebAssembly and Node's own permission model, the strongest first. */
export const ISOLATION_LEVELS = ["bubblewrap", "unshare", "none"] as const;
export type IsolationLevel = (typeof ISOLATION_LEVELS)[number];

/** Absolute paths of the programs that wrap cells, those that are there. */
export interface Wrappers {
  readonly bwrap?: string;
  readonly unshare?: string;
  readonly mount?: string;
  readonly setpriv?: string;
}

/** What a wrapper has to know to make room for one cell. */
export interface Place {
  readonly wrappers: Wrappers;
  /** The only folder that the cell can read; its folder `empty` is where the cell works, and where its root is mounted. */
  readonly folder: string;
  /** Programs and libraries that the cell is made of, by the paths under which they are looked for. */
  readonly files: readonly string[];
  /** Cells become {@link NOBODY} for real: we are root. Else a user namespace, where there is one, says that they are. */
  readonly nobody: boolean;
  /** Bytes of memory that a cell may hold for itself. */
  readonly dataBytesMax: number;
}

/** The descriptor under which a wrapper that can set a system call filter finds it. */
export interface Filter {
  readonly descriptor: number;
}

/** Who a cell is. The kernel's overflow identity: no file of anyone's belongs to it. */
export const NOBODY = 65534;

const DESCRIPTORS_MAX = 64;
/**
 * V8 reserves 8 GiB for each linear memory, so that an access can't go beyond it: four runtimes, sixteen modules that are kept, and what
 * was dropped and not collected. It was seen to get by with 256 GiB (it collects when it can reserve no more), and to fail with 128.
 */
const ADDRESS_SPACE_KIB = 512 * 2 ** 20;
/** The backstop for a cell that nobody watches any more, seconds of CPU. No attempt may use as much. */
const CPU_SECONDS_MAX = 7200;
/** Behind us in line for the CPU, by so much that we can always end it. */
const NICENESS = 5;
/** The system's stack, under which V8's own stands (node-flags.ts). */
const STACK_KIB = 32_768;

/**
 * The command that starts `command` in a place of its own. Its process, or the innermost of the processes that it becomes, is the cell's.
 * Whoever kills the first kills all of them.
 */
export function wrap(level: IsolationLevel, place: Place, command: readonly string[], filter?: Filter): string[] {
  if (level === "bubblewrap") return limited(place, bubblewrap(place, command, filter));
  if (level === "unshare") return dying(place, limited(place, unshare(place, command)));
  return dying(place, limited(place, command), place.nobody);
}

/**
 * Under limits of the operating system, which everything that is started here inherits: no core dumps, few descriptors, a bound on CPU and
 * on memory, the stack that V8 is told of, first in line for the out-of-memory killer, last for the CPU. And without the variables that a shell sets.
 */
function limited(place: Place, command: readonly string[]): string[] {
  const limits = [
    "ulimit -c 0",
    `ulimit -n ${DESCRIPTORS_MAX}`,
    `ulimit -t ${CPU_SECONDS_MAX}`,
    `ulimit -s ${STACK_KIB}`,
    ...(process.platform === "linux"
      ? [
          `ulimit -v ${ADDRESS_SPACE_KIB}`,
          `ulimit -d ${Math.ceil(place.dataBytesMax / 1024)}`,
          "[ ! -w /proc/self/oom_score_adj ] || echo 1000 >/proc/self/oom_score_adj",
        ]
      : []),
    "unset PWD OLDPWD SHLVL _",
    `exec nice -n ${NICENESS} "$@"`,
  ];
  return ["/bin/sh", "-c", limits.join("; "), "sh", ...command];
}

/** Killed by the kernel when its parent dies, however it dies, and never to gain privileges. `setpriv` is part of util-linux. */
function dying({ wrappers: { setpriv } }: Place, command: readonly string[], nobody = false): string[] {
  if (!setpriv) return [...command];
  return [setpriv, ...(nobody ? identity() : []), "--pdeathsig", "KILL", "--no-new-privs", ...command];
}

function identity(): string[] {
  return ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups", "--inh-caps=-all"];
}

/**
 * Namespaces of every kind, a root that holds nothing but {@link Place.folder}, {@link Place.files} and /dev/null, all read-only, no /proc, no
 * capabilities, and a system call filter. Bubblewrap's own process inside is the first of the process namespace: it dies with bubblewrap,
 * that with us, and the kernel then kills whatever else is in the namespace. The cell can't change that.
 */
function bubblewrap(place: Place, command: readonly string[], filter: Filter | undefined): string[] {
  const { bwrap, setpriv } = place.wrappers;
  const nobody = place.nobody && setpriv !== undefined;
  return [
    bwrap ?? "bwrap",
    ...(nobody
      ? ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
      : ["--unshare-user", "--uid", String(NOBODY), "--gid", String(NOBODY), "--cap-drop", "ALL"]),
    ...["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "cell"],
    ...["--die-with-parent", "--new-session"],
    ...(filter ? ["--seccomp", String(filter.descriptor)] : []),
    ...parents([place.folder, ...place.files, "/dev/null"]).flatMap((folder) => ["--dir", folder]),
    ...[place.folder, ...place.files].flatMap((path) => ["--ro-bind", path, path]),
    ...["--dev-bind", "/dev/null", "/dev/null", "--remount-ro", "/", "--chdir", `${place.folder}/empty`, "--"],
    ...(nobody ? [setpriv, ...identity(), "--no-new-privs"] : []),
    ...command,
  ];
}

/**
 * The same root and namespaces with util-linux alone: no system call filter. The shell is the first of the process namespace and makes the
 * root; it has privileges that the cell lacks, so that the cell can neither trace nor end it.
 */
function unshare(place: Place, command: readonly string[]): string[] {
  const program = place.wrappers.unshare ?? "unshare";
  const { folder, files } = place;
  const root = `${folder}/empty`;
  const mounts = [fstab(folder, root, "noexec"), ...files.map((file) => fstab(file, root))].join("");
  const folders = [folder, ...files.map((file) => dirname(file))];
  return [
    program,
    ...(place.nobody ? [] : ["--user", "--map-root-user"]),
    ...["--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child"],
    ...["/bin/sh", "-c", MAKE_ROOT, "sh", place.wrappers.mount ?? "mount", root, mounts],
    ...[folders, files].map((paths) => paths.map((path) => `.${path}`).join("\n")),
    program,
    ...(place.nobody
      ? ["--setuid", String(NOBODY), "--setgid", String(NOBODY)]
      : ["--user", `--map-user=${NOBODY}`, `--map-group=${NOBODY}`]),
    ...["--root", root, "--wd", root],
    ...command,
  ];
}

/**
 * Mounts a root over an empty folder, visible here only, starts the cell in it and waits for its end. Given: the program `mount`, the
 * root, what to bind there in the format of fstab, the folders and the files to bind on, one a line, and the cell's command.
 */
const MAKE_ROOT = `set -ef
umask 022
mount=$1 root=$2 table=$3 folders=$4 files=$5
shift 5
IFS='
'
"$mount" -t tmpfs -o mode=755,size=256k,nosuid,nodev cell "$root"
cd "$root"
mkdir -p -- $folders
for file in $files; do : >"$file"; done
printf %s "$table" >.mounts
"$mount" --all --fstab "$root/.mounts"
: >.mounts
"$mount" -o remount,bind,ro,nosuid,nodev "$root"
cd /
unset PWD OLDPWD
"$@" &
exec 3>&-
wait $!`;

/** Mounts are read-only by a second call of the kernel's, which `mount` makes; in a user namespace it may only add to a mount's flags. */
function fstab(path: string, root: string, more?: string): string {
  const escaped = (text: string) => text.replace(/[\s\\#]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`);
  return `${escaped(path)} ${escaped(root + path)} none bind,ro,nosuid,nodev${more ? `,${more}` : ""} 0 0\n`;
}

/** All folders above the paths, the highest first. */
function parents(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) for (let at = dirname(path); at !== "/"; at = dirname(at)) folders.add(at);
  return [...folders].sort();
}
