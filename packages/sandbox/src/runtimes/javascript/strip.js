// The `typescript` variant's own function, bundled into one script while the runtime is built. It runs inside of the guest's own
// instance: a file that breaks the stripper breaks one guest.
import { transform } from "sucrase";

const OPTIONS = {
  transforms: ["typescript"],
  disableESTransforms: true, // QuickJS knows the language of today
  keepUnusedImports: true,
  preserveDynamicImport: true,
  production: true,
};

/**
 * TypeScript without its types, between `before` and `after`. Every statement stays on its line. Throws a SyntaxError whose `stack`
 * names the place in `filename`.
 */
export function own(source, filename, before, after) {
  try {
    return before + transform(source, OPTIONS).code + after;
  } catch (error) {
    if (!(error instanceof SyntaxError) || error.loc === undefined) throw error;
    // Sucrase ends its messages with the place, as " (line:column)".
    const syntaxError = new SyntaxError(error.message.replace(/ \(\d+:\d+\)$/, ""));
    syntaxError.stack = `    at ${filename}:${error.loc.line}:${error.loc.column}\n`;
    throw syntaxError;
  }
}
