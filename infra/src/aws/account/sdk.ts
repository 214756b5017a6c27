// The account by STS, EC2, Service Quotas, load balancing and Budgets.
import { type BudgetsClient, CreateBudgetCommand, DeleteBudgetCommand, DescribeBudgetCommand, UpdateBudgetCommand } from '@aws-sdk/client-budgets';
import { DescribeAddressesCommand, DescribeAvailabilityZonesCommand, type EC2Client, paginateDescribeVpcs } from '@aws-sdk/client-ec2';
import { type ElasticLoadBalancingV2Client, paginateDescribeLoadBalancers } from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetServiceQuotaCommand, type ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { answerOf, unlessMissing } from '#aws/error.ts';
import { tagList } from '#aws/tags.ts';
import type { AccountPort, BudgetOrder, Caller, Quota } from './port.ts';

export interface AccountClients {
  sts: STSClient;
  ec2: EC2Client;
  loadBalancing: ElasticLoadBalancingV2Client;
  quotas: ServiceQuotasClient;
  budgets: BudgetsClient;
}

/** Quota codes of AWS: addresses, VPCs a region, application load balancers a region. */
const QUOTA_CODES = {
  'elastic-ip': { ServiceCode: 'ec2', QuotaCode: 'L-0263D0A3' },
  vpc: { ServiceCode: 'vpc', QuotaCode: 'L-F678F1CE' },
  'load-balancer': { ServiceCode: 'elasticloadbalancing', QuotaCode: 'L-53DA6B97' },
} as const;

const ALARM_PERCENTS = [80, 100];

export function sdkAccount(clients: AccountClients, region: string): AccountPort {
  const caller = async (): Promise<Caller> => {
    const answer = await answerOf(clients.sts.send(new GetCallerIdentityCommand({})));
    return { account: answer.Account ?? '', arn: answer.Arn ?? '' };
  };
  return {
    region,
    caller,
    zones: async () => {
      const answer = await answerOf(
        clients.ec2.send(new DescribeAvailabilityZonesCommand({ Filters: [{ Name: 'zone-type', Values: ['availability-zone'] }] })),
      );
      const open = (answer.AvailabilityZones ?? []).filter((zone) => zone.State === 'available' && zone.OptInStatus !== 'not-opted-in');
      return open.map((zone) => zone.ZoneName ?? '').toSorted();
    },
    quotas: async () => await readQuotas(clients),
    findBudget: async (BudgetName) => {
      const { account } = await caller();
      const answer = await unlessMissing(clients.budgets.send(new DescribeBudgetCommand({ AccountId: account, BudgetName })), null);
      return answer?.Budget === undefined ? null : Number(answer.Budget.BudgetLimit?.Amount ?? 0);
    },
    putBudget: async (order) => await putBudget(clients.budgets, (await caller()).account, order),
    removeBudget: async (BudgetName) => {
      const { account } = await caller();
      await unlessMissing(clients.budgets.send(new DeleteBudgetCommand({ AccountId: account, BudgetName })), null);
    },
  };
}

async function readQuotas(clients: AccountClients): Promise<Quota[]> {
  const used = { 'elastic-ip': 0, vpc: 0, 'load-balancer': 0 };
  await answerOf(
    (async () => {
      used['elastic-ip'] = ((await clients.ec2.send(new DescribeAddressesCommand({}))).Addresses ?? []).length;
      for await (const page of paginateDescribeVpcs({ client: clients.ec2 }, {})) used.vpc += page.Vpcs?.length ?? 0;
      for await (const page of paginateDescribeLoadBalancers({ client: clients.loadBalancing }, {})) {
        used['load-balancer'] += (page.LoadBalancers ?? []).filter((balancer) => balancer.Type === 'application').length;
      }
    })(),
  );
  const quotas: Quota[] = [];
  for (const id of ['elastic-ip', 'vpc', 'load-balancer'] as const) {
    // Reading a limit needs a permission of its own; without it the check says "unknown" instead of stopping everything.
    const answer = await clients.quotas.send(new GetServiceQuotaCommand(QUOTA_CODES[id])).catch(() => null);
    quotas.push({ id, limit: answer?.Quota?.Value ?? null, used: used[id] });
  }
  return quotas;
}

async function putBudget(client: BudgetsClient, AccountId: string, order: BudgetOrder): Promise<void> {
  const Budget = {
    BudgetName: order.name,
    BudgetType: 'COST' as const,
    TimeUnit: 'MONTHLY' as const,
    BudgetLimit: { Amount: order.limitUsdPerMonth.toFixed(2), Unit: 'USD' },
    CostFilters: { TagKeyValue: [`user:${order.tag.key}$${order.tag.value}`] },
  };
  const existing = await unlessMissing(client.send(new DescribeBudgetCommand({ AccountId, BudgetName: order.name })), null);
  if (existing?.Budget !== undefined) {
    if (Number(existing.Budget.BudgetLimit?.Amount) !== Number(Budget.BudgetLimit.Amount))
      await answerOf(client.send(new UpdateBudgetCommand({ AccountId, NewBudget: Budget })));
    return;
  }
  const NotificationsWithSubscribers =
    order.email === null
      ? []
      : ALARM_PERCENTS.map((Threshold) => ({
          Notification: { NotificationType: 'ACTUAL' as const, ComparisonOperator: 'GREATER_THAN' as const, Threshold, ThresholdType: 'PERCENTAGE' as const },
          Subscribers: [{ SubscriptionType: 'EMAIL' as const, Address: order.email ?? '' }],
        }));
  await answerOf(client.send(new CreateBudgetCommand({ AccountId, Budget, NotificationsWithSubscribers, ResourceTags: tagList(order.tags) })));
}
