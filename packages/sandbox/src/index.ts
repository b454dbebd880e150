export { innermost } from "./cell/innermost.ts";
export { ISOLATION_LEVELS, type IsolationLevel } from "./cell/wrap.ts";
export { ERROR_CODES, type ErrorCode } from "./codes.ts";
export { GloveboxError } from "./error.ts";
export { givenStart } from "./given.ts";
export {
  DEFAULT_HOST_LIMITS,
  type FileGrant,
  type Grants,
  HOST_LIMIT_CAPS,
  type HostLimits,
  type HttpGrant,
} from "./grants.ts";
export { type AddressRange, parseRange } from "./host/address.ts";
export { checkFileGrants } from "./host/files.ts";
export type { HttpTransport } from "./host/http-client.ts";
export { type HttpRule, httpRule } from "./host/http-rule.ts";
export { Redactor } from "./host/redact.ts";
export type { Json } from "./json.ts";
export { DEFAULT_LIMITS, LIMIT_CAPS, type LimitName, type Limits } from "./limits.ts";
export {
  type AuditEntry,
  GUEST_TEXT_MAX,
  type GuestError,
  type GuestReport,
  type LogEntry,
  type LogLevel,
  type Outcome,
  type TrapCode,
  type Usage,
} from "./outcome.ts";
export type { Beside, FileTree, Guest, ModuleDirectory, NestedRequest, Request } from "./request.ts";
export { type BuildProgress, buildRuntimes } from "./runtimes/build.ts";
export { Sandbox, type SandboxOptions } from "./sandbox.ts";
export { neutralise } from "./text.ts";
export { holdsSecret } from "./transcript/holds-secret.ts";
export {
  type Divergence,
  isTranscript,
  type RecordRequest,
  type ReplayReport,
  type ReplayRequest,
  secretsOf,
  type Transcript,
  type TranscriptCall,
} from "./transcript/transcript.ts";
export type { ModuleReport } from "./wasm/module-report.ts";
export type { PythonPackage } from "./wheel.ts";
