// What the `syntax` variant has in its global scope beside what JavaScript guests have: a parser, and what takes types away. Bundled into
// one script while the runtime is built, so that a guest that looks at code parses no parser first.
import { parse } from "acorn";
import { own as strip } from "./strip.js";

/** A tree in ESTree's form, of the language of today. Options are acorn's. Throws a SyntaxError with `pos`. */
globalThis.parseJavaScript = (source, options) => parse(source, { ecmaVersion: "latest", ...options });

/** TypeScript without its types. Throws a SyntaxError whose `stack` names the place in `filename`. */
globalThis.stripTypes = (source, filename) => strip(source, filename, "", "");

// What a guest does first costs it: the tables of identifiers' characters are made when they are first asked for.
globalThis.parseJavaScript("let é = /a(?<b>c)/u.exec(`d${1}`), f = class { #g = async () => { for await (const h of []) h?.i } }");
globalThis.stripTypes("let a: number = <any>1 as unknown as number; interface B<T> { c?: T }", "");

/** The boot program hands this to whoever enters guests, which for this variant has no use for it. */
export const own = undefined;
