/** Every code that a `Problem` can carry, with what it means. docs/errors.md is held equal to this by a test. */
export const PROBLEM_CODES = {
  // The text
  "document-too-large": "The document is larger than 1 MiB, or holds more tokens, values or levels than a workflow can need.",
  "document-empty": "The document holds nothing.",
  "control-character": "The text holds a control character that YAML does not allow, or half of a surrogate pair.",
  "bidi-control": "The text holds a character that changes the direction of what follows, so that it reads differently from what it says.",
  "yaml-syntax": "The document is not YAML.",
  "yaml-unsupported":
    "The document uses a part of YAML that is not read: tags, directives, merge keys, keys that are no text, several documents.",
  "yaml-alias": "An alias names no anchor before it, or the aliases of the document expand to too much.",
  "number-inexact": "A number is not finite, or has more digits than can be kept; in quotes it is a text.",
  "duplicate-key": "A key is given twice in the same mapping.",
  // The shape
  "unknown-dialect": "The document has none of the keys `steps`, `processors` and `nodes`, or more than one of them.",
  "unknown-key": "A key is not known at its place.",
  "missing-key": "A key that is required is not there.",
  "wrong-type": "A value is of another type than its key takes.",
  "out-of-range": "A number is outside of what its key takes, or a text or a list is empty or too long.",
  "unknown-value": "A value is none of those that its key takes.",
  "limit-above-cap": "A limit is above what the operator's configuration, or the profile, allows.",
  "grant-above-cap": "A grant, a secret or a tool is more than the operator's configuration, or the profile, allows.",
  "profile-above-cap": "A laxer profile is asked for than the configuration gives the document, or the document its steps.",
  "grant-invalid": "A grant is not what it has to be: an address, a method, a header, a name or a path.",
  "invalid-start": "An argument, a variable or a directory of a WASI program is none that a program can be started with.",
  "invalid-secret-name":
    "The name of a secret holds other characters than letters, digits and `_`, or begins with a digit, or is too long.",
  "undeclared-secret": "A secret is named that the document does not declare.",
  "secret-misplaced":
    "A secret stands where it would reach a guest, or be part of a program: only the arguments of a tool may hold one, by itself.",
  "not-built-yet": "A key, a step type or a reference belongs to a feature that is not built yet. It is refused, never ignored.",
  // The steps
  "invalid-id": "An id is empty, too long, or holds other characters than letters, digits, `_` and `-`.",
  "duplicate-id": "Two steps have the same id.",
  "unknown-dependency": "A step depends on a step that does not exist.",
  "duplicate-dependency": "A step names the same dependency twice.",
  "dependency-cycle": "Steps depend on each other in a circle.",
  "never-runs": "A step depends on steps of which never all run: they are in different branches of one condition.",
  "payload-ambiguous": "Several dependencies of a processor hand on a payload of their own; the last one listed is taken.",
  // References and expressions
  "template-unclosed": "A `${{` has no `}}` behind it.",
  "template-unmarked": "A text holds what looks like a template without the `$` in front of it.",
  "unknown-reference": "A reference names something that does not exist.",
  "undeclared-input": "A reference names an input that the document does not declare.",
  "reference-not-upstream": "A step reads another one that can only run after it.",
  "expression-too-long": "An expression is longer than 10,000 characters.",
  "expression-syntax": "An expression does not parse as one JavaScript expression.",
  "pattern-syntax": "A `pattern` of a schema is no regular expression.",
  "not-checked": "The guest that parses the document's expressions did not come to an end.",
  // What a document needs from outside
  "schema-invalid": "A JSON Schema is malformed.",
  "schema-never-matches": "A JSON Schema contradicts itself: no value fits it.",
  "missing-module": "A module's file, or a package's, does not exist.",
  "unknown-tool": "A tool is not registered.",
  "unknown-argument": "A tool does not take an argument of that name.",
  "missing-argument": "A tool's required argument is not given.",
  "unknown-processor": "A local processor of that name does not exist.",
  // The operator's configuration
  "config-not-named":
    "A configuration that was found, not named, asks for what only one that an operator named may: to run a command, to loosen isolation.",
  "too-many-problems": "The document has more problems than are shown.",
} as const;

export type ProblemCode = keyof typeof PROBLEM_CODES;
