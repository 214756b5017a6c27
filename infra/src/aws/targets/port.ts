// Port: is what stands behind the load balancer healthy?

export interface TargetHealth {
  /** Address of the pod. */
  id: string;
  /** healthy, unhealthy, initial, draining, unused, unavailable. */
  state: string;
  reason: string | null;
}

export interface TargetPort {
  /** None when there is no such group. */
  health(targetGroupArn: string): Promise<TargetHealth[]>;
}
