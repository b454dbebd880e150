import type { Json } from "../json.ts";
import type { Beside } from "../request.ts";
import type { HostSetup } from "./setup.ts";

/** What a host function says to one call. */
export type HostReply =
  /** `subject`: of what, for the audit; a call without one is not noted there. */
  | { readonly kind: "given"; readonly parts: readonly Uint8Array[]; readonly subject?: string; readonly reason?: string }
  /** The guest hears that it was refused, and no more. `reason` is the operator's. */
  | { readonly kind: "refused"; readonly subject: string; readonly reason: string }
  /** It was granted and came to nothing. `message` is for the guest, and says nothing of the host. */
  | { readonly kind: "failed"; readonly message: string; readonly subject: string; readonly reason: string }
  /** The guest is ended, and never answered. */
  | {
      readonly kind: "exhausted";
      readonly limit: "calls" | "output";
      readonly used: number;
      readonly max: number;
      readonly reason: string;
    };

/** What host functions act on: one attempt, seen from the parent. */
export interface HostAttempt {
  readonly setup: HostSetup;
  /** The input as the guest gets it. */
  readonly input: Uint8Array;
  readonly outputBytesMax: number;
  /** Nanoseconds since the Unix epoch, by the attempt's clock, in steps of a millisecond. */
  nowNs(): bigint;
  /** What `write_output` took; undefined while nothing was written. */
  output: { readonly value: Json; readonly bytes: number } | undefined;
  /** Runs guests that this one waits for. */
  readonly beside: Beside;
  /** Made when it is first asked for. */
  readonly http: HttpRequests;
}

/** What an attempt asks for by HTTP, one request at a time. */
export interface HttpRequests {
  request(argument: Uint8Array): Promise<HostReply>;
  /** The next piece of the body of a request that was left open. */
  read(): Promise<HostReply>;
}

/** Arguments are a guest's: any bytes, of any length that the line allows. */
export type HostFunction = (argument: Uint8Array, attempt: HostAttempt) => HostReply | Promise<HostReply>;
