import { readFileSync } from "node:fs";
import { posix } from "node:path";

/** What a package may import of ours. Arrows point down only. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  sandbox: [],
  engine: ["sandbox"],
  cli: ["engine", "sandbox"],
};

/** What the tests of every package may import, besides. */
const PROPERTY = "fuzz/property.ts";

const FORMS = [
  /^\s*(?:import|export)\b[^"'`;()]*?\bfrom\s*"([^"\n]+)"/gm,
  /^\s*import\s*"([^"\n]+)"/gm,
  /\bimport\(\s*"([^"\n]+)"\s*\)/g,
  /\bimport\.meta\.resolve\(\s*"([^"\n]+)"\s*\)/g,
  /\bnew URL\(\s*"(\.[^"\n]+\.[jt]s)"\s*,\s*import\.meta\.url\s*\)/g,
];

/** What a source imports, statically or not, in no order. Programs that it starts by a URL next to it count as imported. */
export function importsOf(source: string): string[] {
  return FORMS.flatMap((form) => [...source.matchAll(form)].map((match) => match[1] ?? ""));
}

/**
 * Which imports of a file break the direction of the house, one sentence each.
 * @param file its path below the root, `packages/NAME/...`, with forward slashes
 */
export function wrongImports(file: string, source: string): string[] {
  const name = file.split("/")[1] ?? "";
  const own = `packages/${name}/`;
  const below = BELOW[name];
  if (below === undefined) return [`${file}: package "${name}" has no place in the order of packages`];
  return importsOf(source).flatMap((specifier) => {
    if (specifier.startsWith(".")) {
      const target = posix.join(posix.dirname(file), specifier);
      if (target === PROPERTY && file.endsWith(".property.test.ts")) return [];
      if (!target.startsWith(own)) return [`${file}: "${specifier}" leaves the package`];
      if (target === `${own}src/index.ts`) return [`${file}: "${specifier}" is the package's own index`];
      return [];
    }
    // A package may have further entries of one word: `@glovebox/engine/records`.
    const ours = /^@glovebox\/(.*?)(?:\/[a-z]+)?$/.exec(specifier)?.[1];
    return ours === undefined || below.includes(ours) ? [] : [`${file}: "${specifier}" is not below "${name}"`];
  });
}

/**
 * The npm packages that are loaded when a file is, through all that it imports by relative paths.
 * @param file its path below `root`, with forward slashes
 */
export function npmImports(root: string, file: string): string[] {
  const seen = new Set<string>();
  const found = new Set<string>();
  const visit = (at: string): void => {
    if (seen.has(at)) return;
    seen.add(at);
    for (const specifier of importsOf(readFileSync(posix.join(root, at), "utf8"))) {
      if (specifier.startsWith(".")) visit(posix.join(posix.dirname(at), specifier));
      else if (!specifier.startsWith("node:")) found.add(`${at}: ${specifier}`);
    }
  };
  visit(file);
  return [...found].sort();
}
