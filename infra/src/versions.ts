// Which versions of AWS's services run, with the day on which each was checked.

/** Standard support of EKS 1.35 ends on 2027-03-27 (aws-samples "EKS Version Support Calendar" of 2026-04-24); after it the cluster's fee is six times as high. */
export const VERSIONS = {
  kubernetes: '1.35',
  kubernetesStandardSupportUntil: '2027-03-27',
  /** Known to cfn-lint 1.51 as available and not deprecated; pausing at 0 ACU needs 16.3 or newer. */
  auroraPostgresql: '16.13',
  valkey: '8.0',
  valkeyParameterFamily: 'valkey8',
} as const;

export const POSTGRESQL_PORT = 5432;
export const VALKEY_PORT = 6379;
