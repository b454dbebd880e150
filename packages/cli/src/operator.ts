import { dirname, resolve } from "node:path";
import {
  type Configuration,
  DEFAULT_CONFIGURATION,
  isLaxer,
  loadConfiguration,
  type Policy,
  PROFILES,
  type ProfileName,
  type SecretSource,
  secretSources,
} from "@glovebox/engine";
import { readDocument } from "./document.ts";
import { EXIT, Refusal } from "./exit.ts";
import { findConfiguration } from "./find-configuration.ts";
import { plural } from "./report/amount.ts";
import { paintFor } from "./report/paint.ts";
import { problemLines } from "./report/problems.ts";

/** What whoever runs the command decides. */
export interface OperatorFlags {
  readonly config?: string;
  readonly profile?: string;
}

/** What the operator says, by a file and by options. */
export interface Operator {
  readonly policy: Policy;
  readonly isolation: Configuration["isolation"];
  readonly weakIsolation: boolean;
  readonly secretSources: readonly SecretSource[];
  /** Which records of runs stay. */
  readonly retention: Configuration["records"];
  /** The file; missing: there is none. */
  readonly file?: string;
}

/**
 * Reads the configuration, whole, before anything else is done.
 * @throws Refusal where it can't be read, or has problems, all of which are in the message
 */
export function readOperator({ config, profile }: OperatorFlags): Operator {
  const found = findConfiguration(config);
  const configuration = found === undefined ? DEFAULT_CONFIGURATION : readConfiguration(found.file, found.named);
  const { policy, isolation, weakIsolation } = configuration;
  return {
    policy: profile === undefined ? policy : { ...policy, profile: stricter(profile, policy.profile) },
    isolation,
    weakIsolation,
    retention: configuration.records,
    secretSources: secretSources(configuration, found === undefined ? process.cwd() : dirname(resolve(found.file)), process.env),
    ...(found === undefined ? {} : { file: found.file }),
  };
}

function readConfiguration(file: string, named: boolean): Configuration {
  const { configuration, problems, source } = loadConfiguration(readDocument(file), { file, named });
  if (configuration !== undefined) return configuration;
  const { stderr } = process;
  stderr.write(
    problemLines(problems, source, paintFor(stderr))
      .map((line) => `${line}\n`)
      .join(""),
  );
  throw new Refusal(`Cannot use the configuration ${file}: it has ${plural(problems.length, "problem")}`, EXIT.usage);
}

function stricter(asked: string, holds: ProfileName): ProfileName {
  const profile = PROFILES.find((name) => name === asked);
  if (profile === undefined) throw new Refusal(`Cannot use profile ${JSON.stringify(asked)}: the profiles are ${PROFILES.join(", ")}`);
  if (isLaxer(profile, holds)) throw new Refusal(`Cannot use profile "${profile}": it is laxer than the configuration's, "${holds}"`);
  return profile;
}
