// Schemas of the kinds that the Kubernetes API of EKS adds, after the EKS guide and Karpenter's published definitions. Strict: an unknown field is a fault here, where a server would drop it.
import { z } from 'zod';

const requirement = z.strictObject({
  key: z.string(),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
  values: z.array(z.string()).min(1),
  minValues: z.number().optional(),
});
const duration = z.string().regex(/^(\d+(s|m|h))+$|^Never$/);
const quantity = z.string().regex(/^\d+(\.\d+)?(m|Ki|Mi|Gi|Ti)?$/);

/** `spec` by `apiVersion/kind`. */
export const EKS_SPECS: Readonly<Record<string, z.ZodType>> = {
  'eks.amazonaws.com/v1/NodeClass': z.strictObject({
    role: z.string(),
    subnetSelectorTerms: z.array(z.strictObject({ id: z.string().optional(), tags: z.record(z.string(), z.string()).optional() })).min(1),
    securityGroupSelectorTerms: z
      .array(z.strictObject({ id: z.string().optional(), tags: z.record(z.string(), z.string()).optional(), name: z.string().optional() }))
      .min(1),
    networkPolicy: z.enum(['DefaultAllow', 'DefaultDeny']),
    networkPolicyEventLogs: z.enum(['Enabled', 'Disabled']),
    snatPolicy: z.enum(['Random', 'Disabled']).optional(),
    ephemeralStorage: z.strictObject({ size: quantity, iops: z.number().optional(), throughput: z.number().optional() }),
    tags: z.record(z.string(), z.string()),
  }),
  'eks.amazonaws.com/v1/TargetGroupBinding': z.strictObject({
    serviceRef: z.strictObject({ name: z.string(), port: z.number() }),
    targetGroupARN: z.string().startsWith('arn:'),
    // Required by EKS; `targetGroupName` and `networking.ingress.from.ipBlock` are not accepted there.
    targetType: z.enum(['ip', 'instance']),
  }),
  'eks.amazonaws.com/v1/IngressClassParams': z.strictObject({
    scheme: z.enum(['internet-facing', 'internal']),
    group: z.strictObject({ name: z.string() }),
    subnets: z.strictObject({ ids: z.array(z.string()).min(2) }),
    tags: z.array(z.strictObject({ key: z.string(), value: z.string() })),
    loadBalancerAttributes: z.array(z.strictObject({ key: z.string(), value: z.string() })),
    certificateARNs: z.array(z.string()).optional(),
  }),
  'karpenter.sh/v1/NodePool': z.strictObject({
    template: z.strictObject({
      metadata: z.strictObject({ labels: z.record(z.string(), z.string()).optional(), annotations: z.record(z.string(), z.string()).optional() }),
      spec: z.strictObject({
        nodeClassRef: z.strictObject({ group: z.literal('eks.amazonaws.com'), kind: z.literal('NodeClass'), name: z.string() }),
        requirements: z.array(requirement).min(1),
        expireAfter: duration,
        terminationGracePeriod: duration,
      }),
    }),
    limits: z.record(z.string(), quantity),
    disruption: z.strictObject({
      consolidationPolicy: z.enum(['WhenEmpty', 'WhenEmptyOrUnderutilized']),
      consolidateAfter: duration,
      budgets: z.array(z.strictObject({ nodes: z.string(), schedule: z.string().optional(), duration: z.string().optional() })),
    }),
  }),
};
