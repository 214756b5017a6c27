// The addresses of the environment's network; the stack makes it, the network policies speak of it.

/** The seed's range. */
export const VPC_CIDR = '10.0.0.0/16';
/** Where the load balancer is. */
export const PUBLIC_CIDRS = ['10.0.0.0/24', '10.0.1.0/24'] as const;
/** Where nodes, pods and stores are; wide, because Auto Mode reserves sixteen addresses at a time for pods. */
export const PRIVATE_CIDRS = ['10.0.16.0/20', '10.0.32.0/20'] as const;
/** Where a pod gets its AWS credentials (EKS Pod Identity); link-local, the same on every node. */
export const POD_IDENTITY_CIDR = '169.254.170.23/32';
