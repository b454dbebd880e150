export { type Configuration, DEFAULT_CONFIGURATION, type LoadedConfiguration, loadConfiguration } from "./configuration/configuration.ts";
export { secretSources } from "./configuration/secret-sources.ts";
export { type ExplainedLimit, type ExplainedStep, type ExplainedValue, type Explanation, explainWorkflow } from "./explain/explain.ts";
export type { Origin } from "./explain/origins.ts";
export { inspectCode } from "./inspect/code.ts";
export type { Finding, Severity, Spot } from "./inspect/finding.ts";
export type { InspectedImport, Inspection } from "./inspect/inspection.ts";
export { type Language, SOURCE_CHARACTERS_MAX } from "./inspect/look.ts";
export { inspectModuleFile } from "./inspect/module.ts";
export type { Needs } from "./inspect/needs.ts";
export { suggestionYaml } from "./inspect/suggest.ts";
export { inspectWorkflow } from "./inspect/workflow.ts";
export { loneGuestNumbers, type Most, mostOf, mostOfStep } from "./policy/most.ts";
export { DEFAULT_POLICY, type Policy } from "./policy/policy.ts";
export { isLaxer, PROFILES, type ProfileName } from "./policy/profile.ts";
export type { RunRecorder } from "./record/recorder.ts";
export type { AttemptEnd, StepError, StepOutcome } from "./run/attempt.ts";
export { type Clock, systemClock } from "./run/clock.ts";
export {
  type AttemptResult,
  type EndState,
  outputOf,
  type RunCause,
  type RunEvent,
  type RunResult,
  type StepResult,
} from "./run/result.ts";
export { type RunOptions, runWorkflow } from "./run/run.ts";
export type { CancelReason, RunState, Side, SkipReason, StepState } from "./run/state.ts";
export type { SecretSource } from "./secrets/resolve.ts";
export type { GuestRunner } from "./steps/context.ts";
export { isAnalyzer, LOCAL_PROCESSORS, type LocalProcessor, optionProblems } from "./steps/processors.ts";
export { ToolError } from "./tools/error.ts";
export { FILE_BYTES_MAX, Folder, type FolderEntry, folderOf, openFolder } from "./tools/folder.ts";
export { BUILTIN_TOOLS, toolsByName } from "./tools/registry.ts";
export type { Tool, ToolArgument, ToolArgumentType, ToolContext, ToolSignature, ToolValues } from "./tools/tool.ts";
export type { FailureStrategy, OrderingStrategy, Place, Problem, Step, Workflow } from "./workflow/document.ts";
export { type LoadedWorkflow, type LoadOptions, loadWorkflow } from "./workflow/load.ts";
export { PROBLEM_CODES, type ProblemCode } from "./workflow/problems.ts";
export { type ProblemRecord, problemsAsJson, renderProblem, renderProblems } from "./workflow/render.ts";
export { DOCUMENT_BYTES_MAX, type Source } from "./workflow/source.ts";
export { checkWorkflow, type Surroundings } from "./workflow/verify.ts";
