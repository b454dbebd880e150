import { parse, record, textOf } from "./lock.ts";

/** What a package says of itself. */
export interface Manifest {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly licence: string | undefined;
}

/** Reads the text of a `package.json`. Pure; undefined where it is no JSON object. */
export function readManifest(text: string): Manifest | undefined {
  const manifest = record(parse(text));
  if (manifest === undefined) return undefined;
  return {
    name: textOf(manifest["name"]),
    version: textOf(manifest["version"]),
    licence: licenceOf(manifest["license"]) ?? licenceOf(manifest["licenses"]),
  };
}

/** An SPDX expression; or one of the forms from before there were any: `{ type }`, and a list of either, of which one may choose. */
function licenceOf(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const all = value.slice(0, 10).map(licenceOf);
    const named = all.filter((licence) => licence !== undefined);
    return named.length > 1 ? textOf(`(${named.join(" OR ")})`) : named[0];
  }
  return textOf(value) ?? textOf(record(value)?.["type"]);
}
