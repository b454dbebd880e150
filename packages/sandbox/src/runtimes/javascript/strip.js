// The `typescript` variant's own function, bundled into one script while the runtime is built. It runs inside of the guest's own
// instance: a file that breaks the stripper breaks one guest.
import { transform } from "sucrase";

/** Lines of the wrapper before the user's first. */
const LINES_BEFORE = 2;

/** TypeScript without its types. Every statement stays on its line. Throws a SyntaxError whose `stack` names the place in `filename`. */
export function own(source, filename) {
  try {
    return transform(source, {
      transforms: ["typescript"],
      disableESTransforms: true,
      keepUnusedImports: true,
      preserveDynamicImport: true,
      production: true,
    }).code;
  } catch (error) {
    if (!(error instanceof SyntaxError) || error.loc === undefined) throw error;
    // Sucrase ends its messages with the place, as " (line:column)".
    const syntaxError = new SyntaxError(error.message.replace(/ \(\d+:\d+\)$/, ""));
    syntaxError.stack = `    at ${filename}:${error.loc.line - LINES_BEFORE}:${error.loc.column}\n`;
    throw syntaxError;
  }
}
