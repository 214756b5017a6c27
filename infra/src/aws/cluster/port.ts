// Port: the EKS cluster, its door and its deletion.
import type { Tags } from '#aws/tags.ts';

export interface ClusterState {
  name: string;
  /** CREATING, ACTIVE, DELETING, FAILED, UPDATING. */
  status: string;
  version: string;
  endpoint: string | null;
  /** PEM of the authority that signed the endpoint's certificate. */
  certificateAuthority: string | null;
  vpcId: string | null;
  /** The security group that EKS makes for the cluster, outside of every stack. */
  securityGroupId: string | null;
  tags: Tags;
  createdAt: Date | null;
  isProtected: boolean;
}

export interface ClusterPort {
  find(name: string): Promise<ClusterState | null>;
  /** A bearer token for the cluster's API, good for about 14 minutes. */
  token(name: string): Promise<string>;
  unprotect(name: string): Promise<void>;
  /** Starts the deletion of a cluster that no stack owns any more; fine when there is none. */
  delete(name: string): Promise<void>;
}
