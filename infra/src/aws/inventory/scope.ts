// Whose is a thing? The pure rules by which the inventory takes something for the environment's own.
import type { Tags } from '#aws/tags.ts';

export interface Scope {
  /** Value of the environment's tag. */
  environment: string;
  tagKey: string;
  clusterName: string;
  /** `genai-<environment>`: the beginning of every generated name. */
  namePrefix: string;
  /** VPCs that are known to be the environment's. */
  vpcIds: readonly string[];
}

const PARTS = 'network|data|cluster|edge';

/** A tag of ours, or one that EKS and its controllers put on what they make for our cluster. */
export function isTaggedOurs(scope: Scope, tags: Tags): boolean {
  const named = tags[scope.tagKey];
  if (named !== undefined) return named === scope.environment;
  return (
    tags[`kubernetes.io/cluster/${scope.clusterName}`] !== undefined ||
    [tags['eks:eks-cluster-name'], tags['eks:cluster-name'], tags['aws:eks:cluster-name'], tags['elbv2.k8s.aws/cluster']].includes(scope.clusterName)
  );
}

/** The tag of another environment: never ours, whatever its name or place. */
export function isForeign(scope: Scope, tags: Tags): boolean {
  return tags[scope.tagKey] !== undefined && tags[scope.tagKey] !== scope.environment;
}

/** Also things that carry no tag but stand in the environment's own network. */
export function isOurs(scope: Scope, tags: Tags, vpcId: string | null | undefined): boolean {
  return isTaggedOurs(scope, tags) || (tags[scope.tagKey] === undefined && vpcId != null && scope.vpcIds.includes(vpcId));
}

/**
 * A name that CloudFormation generated for one of the environment's stacks (`genai-dev-data-…`).
 * An environment that is itself called `dev-data` has the parts after it, so that its names do not match `dev`.
 */
export function isNamedOurs(scope: Scope, name: string): boolean {
  return new RegExp(`^${scope.namePrefix}-(${PARTS})-(?!(${PARTS})-)`, 'i').test(name);
}

/** Log groups that the cluster, the database and the insights agent make by themselves. */
export function isLogGroupOurs(scope: Scope, name: string): boolean {
  const insights = /^\/aws\/(eks|containerinsights)\/([^/]+)\//.exec(name);
  if (insights !== null) return insights[2] === scope.clusterName;
  const database = /^\/aws\/rds\/(?:cluster|instance)\/([^/]+)(?:\/|$)/.exec(name);
  return database !== null && isNamedOurs(scope, database[1] ?? '');
}
