/** Where something stands: a place in a text, or bytes from the start of a module. */
export type Spot = { readonly line: number; readonly column: number } | { readonly byte: number };

/** How much it matters: `high` is seldom in honest code, `medium` wants a look, `low` is good to know. */
export type Severity = "high" | "medium" | "low";

/** One thing about code that whoever allows it should know. */
export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** One sentence of ours; what it quotes of the code is cut and printable. */
  readonly message: string;
  readonly at: Spot;
}

/** Everything that can be found, with how much it matters and what is said of it. docs/inspect.md is held equal to this by a test. */
export const FINDINGS = {
  // What code does
  "dynamic-code": ["high", "runs code that is made at run time"],
  "decoded-code": ["high", "runs code that is decoded first, or hidden in a long literal"],
  introspection: ["high", "reaches into its interpreter"],
  "native-access": ["high", "reaches for memory or for the host below its interpreter"],
  "computed-name": ["medium", "reads what is named at run time"],
  "unsafe-loading": ["medium", "loads data in a form that can run code"],
  "unbounded-loop": ["medium", "a loop that nothing in it ends"],
  "big-allocation": ["medium", "asks for a lot of memory at once"],
  "computed-request": ["medium", "asks the host for something that is named at run time"],
  "not-offered": ["low", "uses what the sandbox does not have"],
  // What code imports
  "import-missing": ["medium", "imports what is not there"],
  "import-refused": ["medium", "imports what the step's own list leaves out"],
  // How code is written
  "bidi-control": ["high", "a character that changes the direction of what follows: the text reads differently from what it says"],
  "lookalike-name": ["high", "a name whose letters look like others"],
  "invisible-character": ["medium", "a character that can't be seen"],
  "encoded-literal": ["medium", "a long literal that looks encoded; characters"],
  "escaped-name": ["medium", "a name that is written with escapes"],
  "long-line": ["low", "a line that nobody reads; characters"],
  // Modules
  "module-refused": ["high", "can't be run here"],
  "unknown-import": ["high", "imports what is not offered"],
  "big-memory": ["medium", "its memory starts large; MiB"],
  "big-table": ["medium", "its tables start large; entries"],
  "no-memory-maximum": ["low", "its memory has no maximum of its own: only the step's limit bounds it"],
  "start-function": ["low", "has a function that runs before it is entered"],
} as const satisfies Readonly<Record<string, readonly [Severity, string]>>;

export type FindingCode = keyof typeof FINDINGS;

/** @param subject what it is about; printable, and empty where nothing needs to be said */
export function finding(code: FindingCode, subject: string, at: Spot): Finding {
  const [severity, says] = FINDINGS[code];
  return { severity, code, message: subject === "" ? says : `${says}: ${subject}`, at };
}
