import type { StepGrants } from "../workflow/document.ts";
import { type NeededHttp, type NeededName, type Needs, ruleOf } from "./needs.ts";

/** Says of each need whether a step's grants cover it. */
export function withGranted(needs: Needs, grants: StepGrants): Needs {
  const named = (names: readonly NeededName[], given: readonly string[]): readonly NeededName[] =>
    names.map((need) => (need.name === undefined ? need : { ...need, granted: given.includes(need.name) }));
  return {
    ...needs,
    http: needs.http.map((need) => withGrantedHttp(need, grants.http ?? [])),
    secrets: named(needs.secrets, grants.secrets ?? []),
    files: named(
      needs.files,
      (grants.files ?? []).map(({ name }) => name),
    ),
  };
}

function withGrantedHttp(need: NeededHttp, grants: NonNullable<StepGrants["http"]>): NeededHttp {
  const { allow, method } = need;
  const wanted = allow === undefined || method === undefined ? undefined : ruleOf({ allow, methods: [method.toUpperCase()] });
  if (wanted === undefined) return need;
  const granted = grants.some((grant) => {
    const rule = ruleOf(grant);
    if (rule === undefined || rule.scheme !== wanted.scheme || rule.host !== wanted.host || rule.port !== wanted.port) return false;
    if (![...wanted.methods].every((name) => rule.methods.has(name))) return false;
    return rule.below ? wanted.path.startsWith(rule.path) : !wanted.below && wanted.path === rule.path;
  });
  return { ...need, granted };
}
