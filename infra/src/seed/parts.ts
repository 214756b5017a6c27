// What a Terraform resource type of AWS was for, which listing of the account knows its id, and whether it stands by itself.

/** What took the place of each part is said by the command line, in its reader's language. */
export const PARTS = ['network', 'cluster', 'roles', 'database', 'cache', 'bucket', 'balancer', 'volume', 'logs', 'secret', 'names', 'other'] as const;
export type Part = (typeof PARTS)[number];

export interface TypeFacts {
  part: Part;
  /** The listing that knows its id; null where the account is not asked about this type. */
  listing: Listing | null;
  /** A setting or a tie of something else: it has no life of its own. */
  isTie: boolean;
}

/** Types by the listing that holds their ids. */
const LISTING_OF = {
  aws_alb: 'load-balancer',
  aws_alb_target_group: 'target-group',
  aws_cloudwatch_log_group: 'log-group',
  aws_db_instance: 'database-instance',
  aws_db_subnet_group: 'database-subnet-group',
  aws_ebs_volume: 'volume',
  aws_eip: 'elastic-ip',
  aws_eks_cluster: 'cluster',
  aws_elasticache_cluster: 'cache-cluster',
  aws_elasticache_parameter_group: 'cache-parameter-group',
  aws_elasticache_replication_group: 'cache',
  aws_elasticache_subnet_group: 'cache-subnet-group',
  aws_iam_openid_connect_provider: 'identity-provider',
  aws_iam_policy: 'policy',
  aws_iam_role: 'role',
  aws_instance: 'instance',
  aws_internet_gateway: 'internet-gateway',
  aws_launch_template: 'launch-template',
  aws_lb: 'load-balancer',
  aws_lb_target_group: 'target-group',
  aws_nat_gateway: 'nat-gateway',
  aws_network_interface: 'network-interface',
  aws_rds_cluster: 'database-cluster',
  aws_rds_cluster_instance: 'database-instance',
  aws_route_table: 'route-table',
  aws_s3_bucket: 'bucket',
  aws_secretsmanager_secret: 'secret',
  aws_security_group: 'security-group',
  aws_subnet: 'subnet',
  aws_vpc: 'vpc',
  aws_vpc_endpoint: 'vpc-endpoint',
} as const;
export type Listing = (typeof LISTING_OF)[keyof typeof LISTING_OF];

/** First match wins. */
const PART_OF: readonly (readonly [RegExp, Part])[] = [
  [/^aws_(eks_|launch_template|instance|autoscaling)/, 'cluster'],
  [/^aws_iam_/, 'roles'],
  [/^aws_(rds_|db_)/, 'database'],
  [/^aws_elasticache_/, 'cache'],
  [/^aws_s3_/, 'bucket'],
  [/^aws_(lb|alb)(_|$)/, 'balancer'],
  [/^aws_(ebs_|volume_attachment|efs_)/, 'volume'],
  [/^aws_cloudwatch_/, 'logs'],
  [/^aws_(secretsmanager_|ssm_parameter|kms_)/, 'secret'],
  [/^aws_(acm_|route53_)/, 'names'],
  [
    /^aws_(vpc|subnet|route|internet_gateway|egress_only|nat_gateway|eip|security_group|network_|default_|main_route|ec2_(tag|managed_prefix)|flow_log)/,
    'network',
  ],
];

const TIE =
  /^aws_(default_\w+|route|main_route_table_association|route_table_association|security_group_rule|vpc_security_group_\w+_rule|eip_association|internet_gateway_attachment|vpc_endpoint_\w+_association|ec2_tag|eks_(access_entry|access_policy_association|addon|fargate_profile|identity_provider_config|node_group|pod_identity_association)|iam_role_policy|iam_role_policy_attachment|iam_role_policies_exclusive|iam_policy_attachment|rds_cluster_role_association|s3_bucket_\w+|lb_listener\w*|alb_listener\w*|lb_target_group_attachment|alb_target_group_attachment|secretsmanager_secret_(policy|rotation|version)|volume_attachment|acm_certificate_validation)$/;

export function factsOf(type: string): TypeFacts {
  const listing = Object.hasOwn(LISTING_OF, type) ? LISTING_OF[type as keyof typeof LISTING_OF] : null;
  return { part: PART_OF.find(([pattern]) => pattern.test(type))?.[1] ?? 'other', listing, isTie: TIE.test(type) };
}
