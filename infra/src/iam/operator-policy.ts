// The least policy that an operator needs for plan, up, verify, status, down and sweep of one environment.
import type { Environment } from '#environment.ts';
import type { PolicyDocument } from './policy.ts';

/** The policies of an environment's operator (a managed policy holds 6,144 characters, so that there may be several). */
export function operatorPolicies(_environment: Environment): readonly { readonly name: string; readonly document: PolicyDocument }[] {
  return [];
}
