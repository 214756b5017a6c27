// The shape of an IAM policy document.

type ConditionValue = string | readonly string[];

/** One statement; every one has a Sid, which the tests and the docs name. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, ConditionValue>>>>;
}

/** A policy document. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PolicyStatement[];
}

/** A document of these statements. */
export const policy = (...statements: readonly PolicyStatement[]): PolicyDocument => ({ Version: '2012-10-17', Statement: statements });

/** Who may take a role: a service of AWS. `tagSession` for EKS and Pod Identity, which tag the session with the cluster's and the pod's names. */
export const trust = (service: string, tagSession: boolean) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: tagSession ? ['sts:AssumeRole', 'sts:TagSession'] : ['sts:AssumeRole'] }],
});
