import { globSync } from "node:fs";

/** Where the properties are. */
const PATTERN = "packages/**/*.property.test.ts";

/** What is fuzzed together, and shares its time. */
export interface Subject {
  readonly name: string;
  /** Paths below the root, with forward slashes, sorted. */
  readonly files: readonly string[];
}

/** By what the paths of their files begin with; the first that fits has a file. */
const SUBJECTS: readonly (readonly [name: string, ...folders: string[]])[] = [
  ["modules: sections, rewriting, fuel", "packages/sandbox/src/wasm/"],
  ["frames between cell and parent", "packages/sandbox/src/cell/"],
  ["documents: YAML and the checks", "packages/engine/src/workflow/", "packages/engine/src/configuration/"],
  ["addresses of requests", "packages/sandbox/src/host/"],
  ["paths of WASI", "packages/sandbox/src/guest/"],
  ["all else", ""],
];

/**
 * The subjects that have a file left.
 * @param part of a subject's name, which is then taken whole, or of a file's path; empty for all
 */
export function subjectsOf(root: string, part: string): Subject[] {
  const all = globSync(PATTERN, { cwd: root, exclude: ["**/node_modules/**"] })
    .map((file) => file.replaceAll("\\", "/"))
    .sort();
  const subjectOf = (file: string) => SUBJECTS.find(([, ...folders]) => folders.some((folder) => file.startsWith(folder)));
  return SUBJECTS.map((subject) => {
    const files = all.filter((file) => subjectOf(file) === subject);
    return { name: subject[0], files: subject[0].includes(part) ? files : files.filter((file) => file.includes(part)) };
  }).filter(({ files }) => files.length > 0);
}
