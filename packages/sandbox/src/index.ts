export { ERROR_CODES, type ErrorCode } from "./codes.ts";
export { GloveboxError } from "./error.ts";
export type { Json } from "./json.ts";
export { DEFAULT_LIMITS, LIMIT_CAPS, type LimitName, type Limits } from "./limits.ts";
export {
  GUEST_TEXT_MAX,
  type GuestError,
  type GuestReport,
  type LogEntry,
  type LogLevel,
  type Outcome,
  type TrapCode,
  type Usage,
} from "./outcome.ts";
export type { Guest, Request } from "./request.ts";
export { type BuildProgress, buildRuntimes } from "./runtimes/build.ts";
export { Sandbox, type SandboxOptions } from "./sandbox.ts";
export { neutralise } from "./text.ts";
