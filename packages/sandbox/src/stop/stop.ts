import type { Outcome } from "../outcome.ts";

/** Ends an attempt from outside. The first to call it names the outcome; later calls do nothing. */
export type Stop = (outcome: Outcome) => void;
