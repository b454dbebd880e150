import type { Limits } from "../limits.ts";
import type { GuestError, TrapCode } from "../outcome.ts";
import type { RuntimeName } from "../runtimes/store.ts";
import type { ClockReadings } from "../transcript/clock.ts";
import type { Program } from "./attempt.ts";

/** What a cell is told when it starts. */
export interface CellSetup {
  /** Runtimes that it may be asked for: absolute files with their digests. */
  readonly runtimes: Readonly<Partial<Record<RuntimeName, RuntimeSetup>>>;
  /** The runtime to have ready before anything is asked, and the memory that the first guest may ask for. */
  readonly warm?: OpenRequest;
}

/** A runtime to load, compile and prepare, which is the installation's work and on no guest's account. */
export interface OpenRequest {
  readonly runtime: RuntimeName;
  /** What the first guest may ask for. */
  readonly memoryBytes: number;
  /** The runtime with its fuel metered, which is another file. It is opened beside the plain one. */
  readonly metered?: RuntimeSetup;
}

export interface RuntimeSetup {
  readonly wasm: string;
  readonly sha256: string;
  readonly stdlib?: { readonly file: string; readonly sha256: string };
  readonly enter?: number;
}

/** What is to be run. Behind it, in this order: code, input, module, of the sizes given, the granted files, and those in directories. */
export interface RunHeader {
  readonly kind: RuntimeName | "module" | "outline";
  readonly filename: string;
  readonly imports: readonly string[] | null;
  readonly limits: Limits;
  /** Nanoseconds since the Unix epoch, as decimal digits. */
  readonly clockBaseNs: string;
  /** 32 bytes as hexadecimal digits. */
  readonly seed: string;
  readonly sizes: readonly [code: number, input: number, module: number];
  /** SHA-256 of the module and whether it is metered; its bytes follow only where this cell has not had them yet. */
  readonly module: string | null;
  /** Granted files, in the order of their bytes. */
  readonly files: readonly (readonly [name: string, size: number])[];
  /** Top-level modules of a Python guest's packages. */
  readonly modules?: readonly string[];
  /** What a module is started with. */
  readonly program?: Program;
  /** Directories that the guest finds: files with their sizes, in the order of their bytes, and directories without. */
  readonly directories?: readonly {
    readonly name: string;
    readonly readOnly: boolean;
    readonly entries: readonly (readonly [path: string, size: number | null])[];
  }[];
  /** Bytes that the argument of one call to the parent may have. */
  readonly callBytesMax: number;
  /** `note`: what the guest sees of its clock is told at the end. Readings: it sees these again. */
  readonly clock?: "note" | ClockReadings;
}

/** How it ended, as the cell saw it. What it noted of its clock stands behind it, then a `completed` guest's output. */
export interface EndHeader {
  readonly end:
    | { readonly kind: "completed"; readonly form: "json" | "text" }
    | { readonly kind: "failed"; readonly error: GuestError }
    | { readonly kind: "trapped"; readonly trap: TrapCode; readonly detail?: string }
    | {
        readonly kind: "exhausted";
        readonly limit: "memory" | "stack" | "output" | "table" | "fuel";
        readonly used: number;
        readonly max: number;
        readonly error?: GuestError;
      };
  /** Of the thread that ran it. */
  readonly cpuMs: number;
  readonly instantiateMs: number;
  readonly peakMemoryBytes: number;
  readonly growthsDenied: number;
  /** What a metered guest spent. */
  readonly fuel?: number;
  /** Bytes of clock readings. Missing: none were asked for, or there were too many. */
  readonly clockBytes?: number;
  /** Of a guest that was shown readings: it looked as often as there were. */
  readonly clockPlayedWell?: boolean;
  /** Nothing in this cell is to be trusted any more: replace it. */
  readonly spent: boolean;
}
