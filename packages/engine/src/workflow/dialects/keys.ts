import { PROFILES } from "../../policy/profile.ts";
import { anyList, anyMapping, anyValue, choice, list, notBuilt, number, record, required, text, whole } from "../fields.ts";
import { GRANTS } from "../grants.ts";
import { identifier } from "../identifier.ts";
import { LIMITS } from "../limits.ts";
import { PROGRAM_START } from "../program-start.ts";
import { SECRETS } from "../secrets.ts";

/*
 * The keys of Glovebox's own dialect: what is known, what each takes, what it means. The JSON Schema for editors is made of these tables.
 */

const DAY_MS = 86_400_000;

const RETRY = record("when a failed attempt is tried again", {
  max_attempts: whole("all attempts counted, the first included", 1, 100),
  backoff: choice("how the delay grows from one attempt to the next", ["none", "linear", "exponential", "fibonacci"]),
  base_ms: whole("milliseconds of the first delay", 0, DAY_MS),
  cap_ms: whole("milliseconds that no delay exceeds", 0, DAY_MS),
  jitter: number("the share of a delay that is drawn at random, 0 to 1", 0, 1),
  on: list(
    "outcomes that are tried again although they are permanent by default",
    choice("an outcome", ["failed", "trapped", "exhausted"]),
  ),
});

const TIMEOUT = whole("milliseconds for one attempt, whatever it waits for", 1, DAY_MS);

const PROFILE = choice(
  "named limits and grants; a stricter one than the operator's, or than the document's, is what can be asked for",
  PROFILES,
);

/** Keys that every step has. */
export const EVERY = {
  id: required(identifier("names the step in the whole document")),
  type: required(choice("what the step does", ["code", "condition", "tool", "wasm"])),
  description: text("for readers; has no effect", 10_000),
  depends_on: list("steps that must have succeeded before; those that are referred to need not be listed", identifier("the id of a step")),
  when: text("an expression; the step is skipped where it is false"),
  needs: choice("any: one dependency that succeeded is enough", ["all", "any"]),
  retry: RETRY,
  timeout_ms: TIMEOUT,
  limits: LIMITS,
  output_schema: anyValue("a JSON Schema that the output must fit"),
  profile: PROFILE,
  sandbox: notBuilt("where a step runs follows from its type"),
};

/** Keys of the steps that run in the sandbox. */
export const GUEST = {
  grants: GRANTS,
  input: anyValue("what the step gets; without it, the output of every dependency by its id"),
};

export const CODE = {
  ...EVERY,
  ...GUEST,
  language: required(choice("what the code is written in", ["python", "javascript", "typescript"])),
  code: required(text("runs in the sandbox: `inputs` is given, what is returned is the output")),
  imports: list("Python modules that the code may import; without it, all of the standard library", text("a module", 200)),
  packages: list("wheels of Python packages that the code can import, found relative to this document", text("a .whl file", 1000)),
};

export const CONDITION = {
  ...EVERY,
  ...GUEST,
  expression: required(text("JavaScript that runs in the sandbox: `inputs` is the step's own input")),
  // biome-ignore lint/suspicious/noThenProperty: a table of keys, never awaited
  then: anyList("steps that run where it is true", { $ref: "#/$defs/step" }),
  else: anyList("steps that run where it is false", { $ref: "#/$defs/step" }),
};

export const TOOL = {
  ...EVERY,
  tool: required(text("the tool's name", 200)),
  with: anyMapping("the tool's arguments"),
};

export const WASM = {
  ...EVERY,
  ...GUEST,
  module: required(text("the module's file, relative to the document's folder", 1_000)),
  ...PROGRAM_START,
};

/** Keys that are the same in every dialect. */
export const RUN = {
  name: text("the workflow's name; without it, that of the file", 200),
  description: text("for readers; has no effect", 10_000),
  strategy: choice("in which order ready steps are started; results never depend on it", ["work_queue", "level", "reactive", "hybrid"]),
  failure_strategy: choice("what a failed step means for the others", ["fail_fast", "continue_on_error", "best_effort"]),
  max_concurrency: whole("steps that run at the same time", 1, 1_000),
};

export const DOCUMENT = {
  ...RUN,
  inputs: anyValue("a JSON Schema of what a run is given"),
  timeout_ms: whole("milliseconds for the whole run", 1, 30 * DAY_MS),
  defaults: record("what every step has that says nothing else", { retry: RETRY, limits: LIMITS, timeout_ms: TIMEOUT }),
  steps: required(anyList("the steps, in any order", { $ref: "#/$defs/step" })),
  outputs: anyMapping("what the run hands back, by name; without it, every step's output by its id"),
  secrets: SECRETS,
  profile: PROFILE,
};

export type RetryValues = NonNullable<ReturnType<typeof RETRY.read>>;
