/**
 * What a guest may ask the host for. Nothing is granted by default. Grants come from a person or an operator; never from a guest, a model
 * or an inspection. They stay in the parent: a cell learns which host functions exist for it, never what they are bound to.
 */
export interface Grants {
  readonly http?: readonly HttpGrant[];
  /** Names of secrets that the guest may read as they are. Better: bind one to a header of an allowed host, {@link HttpGrant.auth}. */
  readonly secrets?: readonly string[];
  readonly files?: readonly FileGrant[];
  /** Names of secrets that a guest which is run again may get as it did then. Of a replay alone; it is granted nothing else. */
  readonly replay?: readonly string[];
}

/** Requests to one scheme, host and port, below one path. */
export interface HttpGrant {
  /** `https://rates.example.com/v1/*`, or without the star for that path alone. Host and port are exact: there are no patterns of hosts. */
  readonly allow: string;
  /** In capitals. Default: GET alone. */
  readonly methods?: readonly string[];
  /** Puts a secret into a header of every request under this grant; the guest never sees it, and can't set that header. */
  readonly auth?: {
    readonly header: string;
    readonly secret: string /** `{}` stands for the secret. Default `{}`. */;
    readonly format?: string;
  };
  /** Addresses that the host may resolve to although they are not public, as CIDR: `127.0.0.1/32`. Default: none. */
  readonly addresses?: readonly string[];
  /** Redirects that are followed, each checked like a request of its own. Default 0: the guest gets the 3xx answer. */
  readonly redirects?: number;
}

/** A host file that the guest sees, read-only, under a name of its own. No host path is ever visible to it. */
export interface FileGrant {
  /** One path segment. Python and WASI guests find it as `/granted/<name>`. */
  readonly name: string;
  /** Absolute. Read when the attempt starts; a link or anything but a plain file is refused. */
  readonly path: string;
}

/** How much a guest may ask for. Every number is a hard bound of one attempt. */
export interface HostLimits {
  /** Calls of all host functions together, `log` excepted (it has its own bounds). */
  readonly calls: number;
  /** Calls a second, over any second, of all host functions but `log`. */
  readonly callsPerSecond: number;
  /** Lines of log in any second. More than 10,000 are none in all. */
  readonly logLinesPerSecond: number;
  readonly httpRequests: number;
  /** Bytes of all request bodies, and of all response bodies as they are after decoding. */
  readonly httpBytesOut: number;
  readonly httpBytesIn: number;
  /** Bytes of one response's body that is handed over whole. One that is read in pieces is bounded by `httpBytesIn` alone. */
  readonly httpResponseBytes: number;
  /** Milliseconds from the request to the last byte of its answer, redirects included. */
  readonly httpMs: number;
  /** Bytes of all granted files together. */
  readonly fileBytes: number;
}

const MiB = 2 ** 20;
/** Lines of log of one attempt, whatever is asked for. */
export const LOG_LINES_MAX = 10_000;

/** What no request may exceed, whatever it asks for. */
export const HOST_LIMIT_CAPS: HostLimits = {
  calls: 10_000_000,
  callsPerSecond: 100_000,
  logLinesPerSecond: LOG_LINES_MAX,
  httpRequests: 100_000,
  httpBytesOut: 64 * MiB, // held in memory, here and in the cell
  httpBytesIn: 16_384 * MiB, // passes through, in pieces
  httpResponseBytes: 64 * MiB, // held in memory, here and in the cell
  httpMs: 3_600_000,
  fileBytes: 256 * MiB, // held in memory, in the cell
};

export const DEFAULT_HOST_LIMITS: HostLimits = {
  calls: 10_000,
  callsPerSecond: 2000, // a loop over a clock; HTTP has its own
  logLinesPerSecond: LOG_LINES_MAX, // who prints a table prints it at once
  httpRequests: 100,
  httpBytesOut: 1024 * 1024,
  httpBytesIn: 16 * 1024 * 1024,
  httpResponseBytes: 8 * 1024 * 1024,
  httpMs: 10_000,
  fileBytes: 32 * 1024 * 1024,
};
