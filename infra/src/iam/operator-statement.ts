// How a statement of the operator's policy is written, and what it may name.
import { clusterName, ENVIRONMENT_TAG, type Environment } from '#environment.ts';
import type { PolicyStatement } from './policy.ts';

/** Where ARNs of the environment begin; the account is the one that the policy is made in. */
export interface Scope {
  readonly region: string;
  readonly prefix: string;
  readonly cluster: string;
  readonly tagged: Readonly<Record<string, string>>;
  readonly inRegion: Readonly<Record<string, string>>;
}

/** The bounds of an environment. */
export const scopeOf = (environment: Pick<Environment, 'name' | 'region'>): Scope => ({
  region: environment.region,
  prefix: clusterName(environment),
  cluster: clusterName(environment),
  tagged: { [`aws:ResourceTag/${ENVIRONMENT_TAG}`]: environment.name },
  inRegion: { 'aws:RequestedRegion': environment.region },
});

/** A statement that allows. */
export const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[],
  equals?: Readonly<Record<string, string | readonly string[]>>,
): PolicyStatement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
  ...(equals === undefined ? {} : { Condition: { StringEquals: equals } }),
});

/** `service:Action` for each name. */
export const of = (service: string, names: readonly string[]): readonly string[] => names.map((name) => `${service}:${name}`);
