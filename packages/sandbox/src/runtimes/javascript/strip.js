// The `typescript` variant's own function, bundled into one script while the runtime is built. It runs inside of the guest's own
// instance: a file that breaks the stripper breaks one guest.
//
// Sucrase's parts are put together here as its `transform` does, because we want one thing more of them than that gives: where each
// token of the source stands in what came out. The version is pinned, and the tests of columns fail if the parts stop fitting.
import { HelperManager } from "sucrase/dist/esm/HelperManager.js";
import NameManager from "sucrase/dist/esm/NameManager.js";
import { parse } from "sucrase/dist/esm/parser/index.js";
import TokenProcessor from "sucrase/dist/esm/TokenProcessor.js";
import RootTransformer from "sucrase/dist/esm/transformers/RootTransformer.js";

const OPTIONS = {
  transforms: ["typescript"],
  disableESTransforms: true, // QuickJS knows the language of today
  keepUnusedImports: true,
  preserveDynamicImport: true,
  production: true,
};

/**
 * TypeScript without its types, between `before` and `after`. What is left stays on its line and, where nothing was put in before it
 * on that line, in its column. Throws a SyntaxError whose `stack` names the place in `filename`.
 */
export function own(source, filename, before, after) {
  try {
    return before + strip(source) + after;
  } catch (error) {
    if (!(error instanceof SyntaxError) || error.loc === undefined) throw error;
    // Sucrase ends its messages with the place, as " (line:column)".
    const syntaxError = new SyntaxError(error.message.replace(/ \(\d+:\d+\)$/, ""));
    syntaxError.stack = `    at ${filename}:${error.loc.line}:${error.loc.column}\n`;
    throw syntaxError;
  }
}

function strip(source) {
  const { tokens, scopes } = parse(source, false, true, false);
  const nameManager = new NameManager(source, tokens);
  const helperManager = new HelperManager(nameManager);
  const tokenProcessor = new TokenProcessor(source, tokens, false, true, helperManager);
  const context = { tokenProcessor, scopes, nameManager, importProcessor: null, helperManager };
  const { code, mappings } = new RootTransformer(context, OPTIONS.transforms, false, OPTIONS).transform();
  return align(source, tokens, code, mappings);
}

/** `code` with spaces before tokens that have moved to the left. A space between two tokens means nothing. */
function align(source, tokens, code, mappings) {
  const from = new Lines(source);
  const to = new Lines(code);
  let aligned = "";
  let copied = 0;
  let line = -1;
  let added = 0;
  for (let i = 0; i < tokens.length; i++) {
    const at = mappings[i];
    if (at === undefined) continue;
    const wanted = from.column(tokens[i].start);
    const column = to.column(at);
    if (to.line !== line) {
      line = to.line;
      added = 0;
    }
    const missing = wanted - column - added;
    if (missing <= 0 || from.line !== line) continue;
    aligned += code.slice(copied, at) + " ".repeat(missing);
    copied = at;
    added += missing;
  }
  return aligned + code.slice(copied);
}

/** Lines and columns of offsets that only ever grow. */
class Lines {
  line = 0;
  #text;
  #start = 0;
  #end;

  constructor(text) {
    this.#text = text;
    this.#end = text.indexOf("\n");
  }

  column(offset) {
    while (this.#end >= 0 && this.#end < offset) {
      this.line++;
      this.#start = this.#end + 1;
      this.#end = this.#text.indexOf("\n", this.#start);
    }
    return offset - this.#start;
  }
}
