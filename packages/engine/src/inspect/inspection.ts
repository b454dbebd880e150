import type { Outcome } from "@glovebox/sandbox";
import type { Finding, Spot } from "./finding.ts";
import type { Language } from "./look.ts";
import type { Needs } from "./needs.ts";
import type { Suggestion } from "./suggest.ts";

/** What a look at one program came to. It is advice: nothing is allowed because of it, and what it does not find may still be there. */
export type Inspection =
  | {
      readonly kind: "inspected";
      /** The file, or the step, or where an expression stands. */
      readonly name: string;
      /** The file that places are in. Missing: the one that was asked for. */
      readonly file?: string;
      readonly language: Language | "module";
      readonly imports: readonly InspectedImport[];
      readonly needs: Needs;
      /** In the order of the file. */
      readonly findings: readonly Finding[];
      /** How much more there was of all of this. */
      readonly dropped: number;
      readonly suggestion: Suggestion;
      /** Of a module. */
      readonly module?: ModuleSummary;
    }
  | {
      /** It is no program of its language. */
      readonly kind: "unparsable";
      readonly name: string;
      readonly file?: string;
      readonly language: Language | "module";
      readonly message: string;
      readonly at: Spot;
      /** What its text alone shows. */
      readonly findings: readonly Finding[];
    }
  | {
      /** The inspector did not come to its end: what it looked at is too large, or made to hold it up. */
      readonly kind: "ended";
      readonly name: string;
      readonly file?: string;
      readonly language: Language | "module";
      readonly outcome: Exclude<Outcome, { kind: "completed" }>;
    };

export interface InspectedImport {
  readonly name: string;
  /**
   * `library`: comes with the interpreter, and no list of the step's leaves it out; `allowed`: it is in that list; `refused`: it is there and
   * not in the list; `missing`: there is none; `offered`: a host function.
   */
  readonly state: "library" | "allowed" | "refused" | "missing" | "offered";
  readonly at: Spot;
}

/** What a module is made of, for a reader. */
export interface ModuleSummary {
  /** How it is entered; undefined: it can't be. */
  readonly kind?: string;
  /** What it starts with and may grow to, in pages of 64 KiB. */
  readonly memory?: { readonly minimum: number; readonly maximum?: number };
  readonly functions: number;
  readonly instructions: number;
  readonly features: readonly string[];
  readonly exports: readonly string[];
}
