import { BUILTIN_PROFILES, EVERYTHING } from "./builtin.ts";
import type { Ceiling } from "./ceiling.ts";
import type { ProfileName } from "./profile.ts";

/**
 * What the operator allows. A step can ask for less, never for more: more is a problem of its document, and no clamp. Two ceilings hold at
 * once, that of the installation and that of the step's profile. Nothing is granted by either: they bound what a document may grant.
 */
export interface Policy {
  /** The laxest profile that a document may ask for, and what it has that asks for none. */
  readonly profile: ProfileName;
  readonly caps: Ceiling;
  /** All the ceilings of a profile hold. */
  readonly profiles: Readonly<Record<ProfileName, readonly Ceiling[]>>;
}

/** What holds where the operator has configured nothing. */
export const DEFAULT_POLICY: Policy = { profile: "trusted", caps: EVERYTHING, profiles: oneEach(BUILTIN_PROFILES) };

function oneEach(ceilings: Readonly<Record<ProfileName, Ceiling>>): Policy["profiles"] {
  const { trusted, verified, community, untrusted } = ceilings;
  return { trusted: [trusted], verified: [verified], community: [community], untrusted: [untrusted] };
}

/** A ceiling, and whose it is. */
export interface Layer {
  readonly by: "cap" | "profile";
  /** For messages: `the configuration`, `profile "community"`. */
  readonly words: string;
  readonly ceiling: Ceiling;
}

/** All ceilings that hold for what has this profile. */
export function layersOf({ caps, profiles }: Policy, profile: ProfileName): readonly Layer[] {
  return [
    { by: "cap", words: "the configuration", ceiling: caps },
    ...profiles[profile].map((ceiling) => ({ by: "profile" as const, words: `profile "${profile}"`, ceiling })),
  ];
}
