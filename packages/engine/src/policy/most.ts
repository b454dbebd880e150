import {
  DEFAULT_HOST_LIMITS,
  DEFAULT_LIMITS,
  GloveboxError,
  HOST_LIMIT_CAPS,
  type HostLimits,
  LIMIT_CAPS,
  type Limits,
} from "@glovebox/sandbox";
import type { Step, Workflow } from "../workflow/document.ts";
import { excessOver, HOST_LIMIT_KEYS, LIMIT_KEYS } from "../workflow/limits.ts";
import { appliedNumbers, numbersOf } from "./applied.ts";
import { layersOf, type Policy } from "./policy.ts";
import { type ProfileName, strictest } from "./profile.ts";

/** The most that may be asked for of one number, in the unit of its key. */
export interface Most {
  readonly value: number;
  /** Whose word it is, such as `the configuration`. Missing: the sandbox's own. */
  readonly words?: string;
}

/** The most that may be asked for under a profile, by the keys of a document's `limits`. */
export function mostOf(policy: Policy, profile: ProfileName): ReadonlyMap<string, Most> {
  const layers = layersOf(policy, profile);
  const most = new Map<string, Most>();
  const note = (key: string, unit: number, own: number, of: (ceiling: Policy["caps"]) => number | undefined): void => {
    let lowest: Most = { value: own / unit };
    for (const { ceiling, words } of layers) {
      const value = Math.floor((of(ceiling) ?? own) / unit);
      if (value < lowest.value) lowest = { value, words };
    }
    most.set(key, lowest);
  };
  for (const [key, [name, unit]] of Object.entries(LIMIT_KEYS)) note(key, unit, LIMIT_CAPS[name], ({ limits }) => limits[name]);
  for (const [key, [name, unit]] of Object.entries(HOST_LIMIT_KEYS)) {
    note(key, unit, HOST_LIMIT_CAPS[name], ({ hostLimits }) => hostLimits[name]);
  }
  return most;
}

/** The same for a step, which may have asked for a profile of its own. */
export function mostOfStep(policy: Policy, workflow: Pick<Workflow, "profile">, step: Pick<Step, "profile">): ReadonlyMap<string, Most> {
  const { profile } = policy;
  return mostOf(policy, strictest([profile, workflow.profile ?? profile, step.profile ?? profile]));
}

/**
 * The numbers of a guest that is no step: what is asked for, else the defaults, as a step has them that asks for no profile.
 * @throws GloveboxError `LIMIT_ABOVE_CAP` where more is asked for than the policy allows
 */
export function loneGuestNumbers(
  policy: Policy,
  asked: Partial<Limits>,
): { readonly limits: Partial<Limits>; readonly hostLimits: Partial<HostLimits> } {
  const layers = layersOf(policy, policy.profile);
  for (const [key, [name, unit]] of Object.entries(LIMIT_KEYS)) {
    const value = asked[name];
    const excess = value === undefined ? undefined : excessOver(layers, ({ ceiling }) => ceiling.limits[name], value / unit, unit);
    if (excess !== undefined && value !== undefined) {
      throw new GloveboxError("LIMIT_ABOVE_CAP", `Cannot set limit "${key}": ${value / unit} is above ${excess}`);
    }
  }
  return {
    limits: numbersOf(appliedNumbers("limits", layers, DEFAULT_LIMITS, asked)),
    hostLimits: numbersOf(appliedNumbers("hostLimits", layers, DEFAULT_HOST_LIMITS, {})),
  };
}
