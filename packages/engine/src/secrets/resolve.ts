import { GloveboxError } from "@glovebox/sandbox";
import type { Workflow } from "../workflow/document.ts";
import { secretUses } from "./uses.ts";

/** Where the values of secrets are. */
export interface SecretSource {
  /** For messages: `the environment`, `the file secrets.env`. */
  readonly words: string;
  /**
   * The value; undefined: there is none here.
   * @throws GloveboxError `SECRET_SOURCE_FAILED`
   */
  get(name: string): Promise<string | undefined>;
}

/** As the sandbox has it. */
const CHARACTERS_MIN = 8;
const CHARACTERS_MAX = 65_536;

/**
 * The values of all secrets that the workflow's steps use, looked for in one source after the other. A secret that the document does not
 * declare is none: it is not looked for, wherever it may be.
 * @throws GloveboxError `SECRET_MISSING`, `SECRET_INVALID`, `SECRET_SOURCE_FAILED`; no message holds a value
 */
export async function resolveSecrets(
  { name: workflow, secrets, steps }: Pick<Workflow, "name" | "secrets" | "steps">,
  sources: readonly SecretSource[],
): Promise<ReadonlyMap<string, string>> {
  const declared = new Set(secrets?.map(({ name }) => name));
  const used = new Set(steps.flatMap(secretUses).map(({ name }) => name));
  const values = new Map<string, string>();
  for (const name of used) {
    values.set(name, await secretValue(name, sources, `run workflow "${workflow}"`, declared.has(name)));
  }
  return values;
}

/**
 * The values of the secrets with these names.
 * @throws GloveboxError `SECRET_MISSING`, `SECRET_INVALID`, `SECRET_SOURCE_FAILED`; no message holds a value
 */
export async function findSecrets(names: readonly string[], sources: readonly SecretSource[]): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const name of names) values.set(name, await secretValue(name, sources, "replay"));
  return values;
}

/**
 * @param what for messages: what can't be done without it
 * @param declared one that is not has no value, wherever it may be
 */
async function secretValue(name: string, sources: readonly SecretSource[], what: string, declared = true): Promise<string> {
  const value = declared ? await find(name, sources) : undefined;
  if (value === undefined) {
    const where =
      sources.length === 0 ? "no source of secrets is configured" : `it is not in ${sources.map(({ words }) => words).join(", ")}`;
    throw new GloveboxError("SECRET_MISSING", `Cannot ${what}: the secret "${name}" has no value: ${where}`);
  }
  if (value.length < CHARACTERS_MIN || value.length > CHARACTERS_MAX) {
    const words = `it has ${value.length} characters, and must have ${CHARACTERS_MIN} to ${CHARACTERS_MAX}`;
    throw new GloveboxError("SECRET_INVALID", `Cannot use secret "${name}": ${words}`);
  }
  return value;
}

async function find(name: string, sources: readonly SecretSource[]): Promise<string | undefined> {
  for (const source of sources) {
    const value = await source.get(name);
    if (value !== undefined) return value;
  }
  return undefined;
}
