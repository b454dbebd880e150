import { allowsTool } from "../policy/ceiling.ts";
import { type Layer, layersOf, type Policy } from "../policy/policy.ts";
import { isLaxer, type ProfileName } from "../policy/profile.ts";
import type { Placed } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { quoted } from "./text.ts";

/** What bounds a step of this profile. */
export interface Bounds {
  readonly profile: ProfileName;
  readonly layers: readonly Layer[];
}

/**
 * The profile that is asked for, under one that holds already. One that is laxer is refused, and the one that holds stays.
 * @param whose follows "a laxer profile than": `the configuration's`, `the document's`
 */
export function readProfile(
  asked: Placed<ProfileName> | undefined,
  holds: ProfileName,
  whose: string,
  policy: Policy,
  findings: Findings,
): Bounds {
  const laxer = asked !== undefined && isLaxer(asked.value, holds);
  if (laxer) findings.error("profile-above-cap", asked.node, `"${asked.value}" is a laxer profile than ${whose}, "${holds}"`);
  const profile = laxer ? holds : (asked?.value ?? holds);
  return { profile, layers: layersOf(policy, profile) };
}

/** Tools run in the host, so a ceiling names those that may be called. */
export function checkToolAllowed({ value, node }: Placed<string>, layers: readonly Layer[], findings: Findings): void {
  const layer = layers.find(({ ceiling }) => !allowsTool(ceiling, value));
  if (layer !== undefined)
    findings.error("grant-above-cap", node, `${layer.words} does not allow the tool ${quoted(value)}, which runs in the host`);
}
