// For tests only: CloudFormation over the fake world. It makes the templates' resources, fails as scripted, and refuses to delete what something holds.
import { CloudError } from '#aws/error.ts';
import type { ItemKind } from '#aws/inventory/item.ts';
import type { Proposal, StackChange, StackEvent, StackOrder, StackPort, StackState } from '#aws/stacks/port.ts';
import type { Tags } from '#aws/tags.ts';
import { holdersOf } from './holders.ts';
import { creationOrder, importsOf, type Resolver, type Template, text } from './template.ts';
import type { FakeWorld } from './world.ts';

const SECONDS_A_RESOURCE = 4;

const KIND_OF: Readonly<Record<string, ItemKind>> = {
  'AWS::EC2::VPC': 'vpc',
  'AWS::EC2::Subnet': 'subnet',
  'AWS::EC2::RouteTable': 'route-table',
  'AWS::EC2::InternetGateway': 'internet-gateway',
  'AWS::EC2::EIP': 'elastic-ip',
  'AWS::EC2::NatGateway': 'nat-gateway',
  'AWS::EC2::VPCEndpoint': 'vpc-endpoint',
  'AWS::EC2::SecurityGroup': 'security-group',
  'AWS::RDS::DBCluster': 'database-cluster',
  'AWS::RDS::DBInstance': 'database-instance',
  'AWS::RDS::DBSubnetGroup': 'database-subnet-group',
  'AWS::ElastiCache::ReplicationGroup': 'cache',
  'AWS::ElastiCache::SubnetGroup': 'cache-subnet-group',
  'AWS::ElastiCache::ParameterGroup': 'cache-parameter-group',
  'AWS::S3::Bucket': 'bucket',
  'AWS::SecretsManager::Secret': 'secret',
  'AWS::IAM::Role': 'role',
  'AWS::EKS::Cluster': 'cluster',
  'AWS::ElasticLoadBalancingV2::LoadBalancer': 'load-balancer',
  'AWS::ElasticLoadBalancingV2::TargetGroup': 'target-group',
};

/** Things that stand in the network. */
const IN_VPC: readonly ItemKind[] = [
  'subnet',
  'route-table',
  'internet-gateway',
  'nat-gateway',
  'vpc-endpoint',
  'security-group',
  'load-balancer',
  'target-group',
  'cluster',
];

interface Made {
  physicalId: string;
  type: string;
  body: string;
  status: string;
}

interface Stack {
  id: string;
  name: string;
  status: string;
  reason: string | null;
  tags: Tags;
  template: Template;
  made: Map<string, Made>;
  events: StackEvent[];
  createdAt: Date;
  isProtected: boolean;
}

export interface ClusterHooks {
  clusterMade(name: string, physicalId: string, vpcId: string | null, tags: Tags): void;
  clusterGone(name: string): void;
}

export class FakeStacks implements StackPort {
  readonly all = new Map<string, Stack>();
  private readonly proposals = new Map<string, { order: StackOrder; changes: StackChange[] }>();
  private readonly world: FakeWorld;
  private readonly hooks: ClusterHooks;

  constructor(world: FakeWorld, hooks: ClusterHooks) {
    this.world = world;
    this.hooks = hooks;
  }

  private byName(nameOrId: string): Stack | undefined {
    return this.all.get(nameOrId) ?? [...this.all.values()].find((stack) => stack.id === nameOrId);
  }

  async find(nameOrId: string): Promise<StackState | null> {
    const stack = this.byName(nameOrId);
    return stack === undefined ? null : this.stateOf(stack);
  }

  async list(): Promise<StackState[]> {
    return [...this.all.values()].map((stack) => this.stateOf(stack));
  }

  private stateOf(stack: Stack): StackState {
    const isWhole = /^(CREATE|UPDATE)_COMPLETE$/.test(stack.status);
    const outputs = isWhole ? Object.entries(stack.template.Outputs ?? {}).map(([key, { Value }]) => [key, text(Value, this.resolver(stack))]) : [];
    const { id, name, status, reason, tags, createdAt, isProtected } = stack;
    return { id, name, status, reason, tags, createdAt, isProtected, outputs: Object.fromEntries(outputs) };
  }

  private resolver(stack: Stack): Resolver {
    const physical = (id: string): string =>
      stack.made.get(id)?.physicalId ?? { 'AWS::Region': this.world.region, 'AWS::AccountId': this.world.account, 'AWS::Partition': 'aws' }[id] ?? id;
    return {
      ref: physical,
      attribute: (id, name) => attributeOf(physical(id), name),
      imported: (name) => {
        for (const other of this.all.values())
          for (const { Value, Export } of Object.values(other.template.Outputs ?? {})) if (Export?.Name === name) return text(Value, this.resolver(other));
        throw new Error(`nobody exports ${name}`);
      },
    };
  }

  async propose(order: StackOrder, kind: 'create' | 'update'): Promise<string> {
    const stack = this.all.get(order.name);
    if (kind === 'update' && stack === undefined) throw new CloudError('not-found', `Stack [${order.name}] does not exist`);
    if (kind === 'create' && stack !== undefined && stack.status !== 'REVIEW_IN_PROGRESS') throw new CloudError('conflict', `${order.name} exists`);
    if (stack !== undefined && /ROLLBACK_COMPLETE|DELETE_FAILED/.test(stack.status) && !stack.status.startsWith('UPDATE'))
      throw new CloudError('invalid', `${order.name} is in ${stack.status} state and can not be updated`);
    const template = JSON.parse(order.templateBody) as Template;
    if (stack === undefined) this.all.set(order.name, this.emptyStack(order));
    const made = stack?.made ?? new Map<string, Made>();
    const changes = Object.entries(template.Resources).flatMap(([logicalId, resource]): StackChange[] => {
      const known = made.get(logicalId);
      if (known?.status === 'CREATE_COMPLETE' && known.body === JSON.stringify(resource)) return [];
      return [{ action: known === undefined ? 'add' : 'modify', logicalId, resourceType: resource.Type, isReplacement: false }];
    });
    const id = this.world.id('change-set');
    this.proposals.set(id, { order, changes });
    return id;
  }

  private emptyStack(order: StackOrder): Stack {
    const id = `arn:aws:cloudformation:${this.world.region}:${this.world.account}:stack/${order.name}/${this.world.id('s')}`;
    const createdAt = new Date(this.world.nowMs);
    return {
      id,
      name: order.name,
      status: 'REVIEW_IN_PROGRESS',
      reason: null,
      tags: {},
      template: { Resources: {} },
      made: new Map(),
      events: [],
      createdAt,
      isProtected: false,
    };
  }

  async proposal(_stackName: string, proposalId: string): Promise<Proposal> {
    const { changes = [] } = this.proposals.get(proposalId) ?? {};
    return { state: changes.length === 0 ? 'empty' : 'ready', changes, reason: null };
  }

  async discard(_stackName: string, proposalId: string): Promise<void> {
    this.proposals.delete(proposalId);
  }

  async execute(stackName: string, proposalId: string): Promise<void> {
    const stack = this.all.get(stackName);
    const proposal = this.proposals.get(proposalId);
    if (stack === undefined || proposal === undefined) throw new CloudError('not-found', `${stackName}: no such change set`);
    const verb = stack.status === 'REVIEW_IN_PROGRESS' ? 'CREATE' : 'UPDATE';
    stack.tags = proposal.order.tags;
    stack.template = JSON.parse(proposal.order.templateBody) as Template;
    this.become(stack, `${verb}_IN_PROGRESS`);
    const pending = creationOrder(stack.template).filter((id) => proposal.changes.some((change) => change.logicalId === id));
    this.world.after(SECONDS_A_RESOURCE * 1000, () => this.makeNext(stack, pending, verb));
  }

  private makeNext(stack: Stack, pending: string[], verb: string): void {
    const [logicalId, ...rest] = pending;
    if (logicalId === undefined) {
      this.become(stack, `${verb}_COMPLETE`);
      return;
    }
    const resource = stack.template.Resources[logicalId];
    const type = resource?.Type ?? '';
    const fault = this.world.script.failCreate?.[logicalId];
    if (fault !== undefined && fault.times > 0) {
      fault.times -= 1;
      this.event(stack, { logicalId, type, status: 'CREATE_FAILED', reason: fault.reason });
      for (const other of rest)
        this.event(stack, {
          logicalId: other,
          type: stack.template.Resources[other]?.Type ?? '',
          status: 'CREATE_FAILED',
          reason: 'Resource creation cancelled',
        });
      this.become(stack, `${verb}_FAILED`, 'The following resource(s) failed to create');
      return;
    }
    const physicalId = this.makeOne(stack, logicalId, type);
    stack.made.set(logicalId, { physicalId, type, body: JSON.stringify(resource), status: 'CREATE_COMPLETE' });
    this.event(stack, { logicalId, type, status: 'CREATE_COMPLETE' });
    this.world.after(SECONDS_A_RESOURCE * 1000, () => this.makeNext(stack, rest, verb));
  }

  private makeOne(stack: Stack, logicalId: string, type: string): string {
    const known = stack.made.get(logicalId);
    const tags = { ...stack.tags, ...tagsIn(stack.template.Resources[logicalId]?.Properties?.Tags) };
    if (known !== undefined) {
      this.world.patch(known.physicalId, { tags });
      return known.physicalId;
    }
    const kind = KIND_OF[type];
    const generated = this.world.id(`${stack.name}-${logicalId}`);
    const physicalId = kind === 'cluster' ? stack.name.replace(/-cluster$/, '') : kind === 'bucket' ? generated.toLowerCase() : generated;
    if (kind === undefined) return physicalId;
    const vpcId = kind === 'vpc' ? physicalId : IN_VPC.includes(kind) ? this.vpcOf(stack) : null;
    this.world.add(kind, physicalId, { tags, vpcId });
    if (kind === 'secret') this.world.secrets.set(physicalId, JSON.stringify({ username: 'platform', password: 'generated', clickhousePassword: 'generated' }));
    if (kind === 'cluster') this.hooks.clusterMade(physicalId, physicalId, vpcId, stack.tags);
    return physicalId;
  }

  private vpcOf(stack: Stack): string | null {
    return this.world.all('vpc').find((vpc) => vpc.tags['genai:environment'] === stack.tags['genai:environment'])?.id ?? null;
  }

  async delete(nameOrId: string): Promise<void> {
    const stack = this.byName(nameOrId);
    if (stack === undefined || stack.status === 'DELETE_IN_PROGRESS') return;
    if (stack.isProtected) throw new CloudError('invalid', `${stack.name} is protected`);
    this.become(stack, 'DELETE_IN_PROGRESS');
    const exported = Object.values(stack.template.Outputs ?? {}).map((output) => output.Export?.Name);
    const user = [...this.all.values()].find((other) => other !== stack && importsOf(other.template).some((name) => exported.includes(name)));
    const pending = creationOrder(stack.template)
      .filter((id) => stack.made.has(id))
      .toReversed();
    this.world.after(SECONDS_A_RESOURCE * 1000, () =>
      user === undefined ? this.deleteNext(stack, pending, []) : this.become(stack, 'DELETE_FAILED', `Export is in use by ${user.name}`),
    );
  }

  private deleteNext(stack: Stack, pending: string[], failed: string[]): void {
    const [logicalId, ...rest] = pending;
    if (logicalId === undefined) {
      if (failed.length > 0) {
        this.become(stack, 'DELETE_FAILED', `The following resource(s) failed to delete: [${failed.join(', ')}]`);
        return;
      }
      this.event(stack, { logicalId: stack.name, type: 'AWS::CloudFormation::Stack', status: 'DELETE_COMPLETE' });
      this.all.delete(stack.name);
      return;
    }
    const made = stack.made.get(logicalId) as Made;
    const reason = this.refusalOf(logicalId, made);
    if (reason === null) {
      if (KIND_OF[made.type] === 'cluster') this.hooks.clusterGone(made.physicalId);
      this.world.drop(made.physicalId);
      stack.made.delete(logicalId);
    } else made.status = 'DELETE_FAILED';
    this.event(stack, { logicalId, type: made.type, status: reason === null ? 'DELETE_COMPLETE' : 'DELETE_FAILED', reason });
    this.world.after(SECONDS_A_RESOURCE * 1000, () => this.deleteNext(stack, rest, reason === null ? failed : [...failed, logicalId]));
  }

  private refusalOf(logicalId: string, made: Made): string | null {
    const times = this.world.script.failDelete?.[logicalId] ?? 0;
    if (times > 0 && this.world.script.failDelete !== undefined) {
      this.world.script.failDelete[logicalId] = times - 1;
      return 'Internal failure';
    }
    const found = this.world.items.get(made.physicalId);
    return found === undefined ? null : holdersOf(this.world, found);
  }

  async unprotect(stackName: string): Promise<void> {
    const stack = this.byName(stackName);
    if (stack !== undefined) stack.isProtected = false;
  }

  async events(stackId: string, afterId: string | null): Promise<StackEvent[]> {
    const events = this.byName(stackId)?.events ?? [];
    return events.slice(events.findIndex((event) => event.id === afterId) + 1);
  }

  async resources(nameOrId: string): Promise<{ logicalId: string; physicalId: string; resourceType: string; status: string }[]> {
    const stack = this.byName(nameOrId);
    if (stack === undefined) throw new CloudError('not-found', `Stack with id ${nameOrId} does not exist`);
    return [...stack.made].map(([logicalId, made]) => ({ logicalId, physicalId: made.physicalId, resourceType: made.type, status: made.status }));
  }

  private become(stack: Stack, status: string, reason: string | null = null): void {
    stack.status = status;
    stack.reason = reason;
    this.event(stack, { logicalId: stack.name, type: 'AWS::CloudFormation::Stack', status, reason });
  }

  private event(stack: Stack, { logicalId, type, status, reason = null }: { logicalId: string; type: string; status: string; reason?: string | null }): void {
    stack.events.push({ id: this.world.id('event'), at: new Date(this.world.nowMs), logicalId, resourceType: type, status, reason });
  }
}

/** Tags that a resource names itself; those with functions in them are left out. */
function tagsIn(list: unknown): Tags {
  if (!Array.isArray(list)) return {};
  return Object.fromEntries(
    (list as { Key: string; Value: unknown }[]).filter(({ Value }) => typeof Value === 'string').map(({ Key, Value }) => [Key, String(Value)]),
  );
}

function attributeOf(physicalId: string, name: string): string {
  switch (name) {
    case 'Endpoint':
      return `https://${physicalId}.eks.test`;
    case 'Endpoint.Port':
    case 'PrimaryEndPoint.Port':
      return '5432';
    case 'GroupId':
      return physicalId;
    case 'ClusterSecurityGroupId':
      return `eks-cluster-sg-${physicalId}`;
    case 'Arn':
      return `arn:aws:any:::${physicalId}`;
    default:
      return `${physicalId}.${name.toLowerCase()}.test`;
  }
}
