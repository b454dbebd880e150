/** Named limits and grants, the laxest first. */
export const PROFILES = ["trusted", "verified", "community", "untrusted"] as const;
export type ProfileName = (typeof PROFILES)[number];

/** Whether `asked` would give more than `given`. */
export function isLaxer(asked: ProfileName, given: ProfileName): boolean {
  return PROFILES.indexOf(asked) < PROFILES.indexOf(given);
}

export function strictest(profiles: readonly [ProfileName, ...ProfileName[]]): ProfileName {
  return profiles.reduce((strict, profile) => (isLaxer(strict, profile) ? profile : strict));
}
