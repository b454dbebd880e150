import { DEFAULT_HOST_LIMITS, DEFAULT_LIMITS, HOST_LIMIT_CAPS, LIMIT_CAPS } from "@glovebox/sandbox";
import type { Ceiling, HttpCeiling } from "./ceiling.ts";
import type { ProfileName } from "./profile.ts";

const MiB = 2 ** 20;
/** Those that the sandbox offers. */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** Public addresses of any host. What is not public is for an operator to name: a document could come from anyone. */
const ANY_HOST: HttpCeiling = {
  schemes: ["http", "https"],
  hosts: ["*"],
  ports: "any",
  methods: METHODS,
  addresses: [],
  redirects: 20,
};

/** No ceiling but the sandbox's own. */
export const EVERYTHING: Ceiling = {
  limits: LIMIT_CAPS,
  hostLimits: HOST_LIMIT_CAPS,
  http: [ANY_HOST],
  files: ["."],
  secrets: ["*"],
  tools: ["*"],
};

export const BUILTIN_PROFILES: Readonly<Record<ProfileName, Ceiling>> = {
  /** One's own documents. */
  trusted: EVERYTHING,
  /** Of people one knows: room for real work, nothing unencrypted. */
  verified: {
    ...EVERYTHING,
    limits: {
      ...LIMIT_CAPS,
      memoryBytes: 256 * MiB,
      cpuMs: 60_000,
      wallMs: 300_000,
      outputBytes: 16 * MiB,
      logBytes: MiB,
      inputBytes: 32 * MiB,
    },
    hostLimits: {
      ...DEFAULT_HOST_LIMITS,
      calls: 100_000,
      httpRequests: 1_000,
      httpBytesIn: 256 * MiB,
      httpMs: 60_000,
      fileBytes: 64 * MiB,
    },
    http: [{ ...ANY_HOST, schemes: ["https"], ports: ["default"], redirects: 5 }],
  },
  /** Found somewhere: the defaults and no more, reading only, no secret. */
  community: {
    limits: { ...DEFAULT_LIMITS, memoryBytes: 64 * MiB },
    hostLimits: { ...DEFAULT_HOST_LIMITS, httpRequests: 20, httpBytesOut: 64 * 1024 },
    http: [{ ...ANY_HOST, schemes: ["https"], ports: ["default"], methods: ["GET", "HEAD"], redirects: 2 }],
    files: ["."],
    secrets: [],
    tools: ["*"],
  },
  /** Written by someone who means harm, for all that is known: it computes, and reaches nothing. */
  untrusted: {
    limits: {
      ...DEFAULT_LIMITS,
      memoryBytes: 32 * MiB,
      cpuMs: 2_000,
      wallMs: 10_000,
      outputBytes: MiB,
      logBytes: 64 * 1024,
      inputBytes: 4 * MiB,
    },
    hostLimits: {
      ...DEFAULT_HOST_LIMITS,
      calls: 1_000,
      callsPerSecond: 500,
      logLinesPerSecond: 1_000,
      httpRequests: 0,
      httpBytesOut: 0,
      httpBytesIn: 0,
      fileBytes: 0,
    },
    http: [],
    files: [],
    secrets: [],
    tools: [],
  },
};
