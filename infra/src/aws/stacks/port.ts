// Port: CloudFormation stacks as the life cycle sees them.
import type { Tags } from '#aws/tags.ts';

export interface StackState {
  id: string;
  name: string;
  /** CloudFormation's own word, e.g. CREATE_IN_PROGRESS. */
  status: string;
  reason: string | null;
  outputs: Readonly<Record<string, string>>;
  tags: Tags;
  createdAt: Date;
  isProtected: boolean;
}

export interface StackEvent {
  id: string;
  at: Date;
  logicalId: string;
  resourceType: string;
  status: string;
  reason: string | null;
}

export interface StackChange {
  action: 'add' | 'modify' | 'remove';
  logicalId: string;
  resourceType: string;
  isReplacement: boolean;
}

export interface StackResource {
  logicalId: string;
  physicalId: string;
  resourceType: string;
  status: string;
}

export interface StackOrder {
  name: string;
  templateBody: string;
  capabilities: readonly string[];
  tags: Tags;
}

export interface Proposal {
  state: 'pending' | 'ready' | 'empty' | 'failed';
  changes: readonly StackChange[];
  reason: string | null;
}

export interface StackPort {
  /** By name or id; null when there is none (a deleted stack is none). */
  find(nameOrId: string): Promise<StackState | null>;
  /** Every stack that exists in the region. */
  list(): Promise<StackState[]>;
  /** Starts a change set; `kind` is create when no stack exists. Answers its id. */
  propose(order: StackOrder, kind: 'create' | 'update'): Promise<string>;
  proposal(stackName: string, proposalId: string): Promise<Proposal>;
  discard(stackName: string, proposalId: string): Promise<void>;
  /** Starts to carry a proposal out. What was made before a failure stays, so that the next run goes on from there. */
  execute(stackName: string, proposalId: string): Promise<void>;
  /** Starts the deletion; fine when there is no such stack. */
  delete(nameOrId: string): Promise<void>;
  unprotect(stackName: string): Promise<void>;
  /** Events after `afterId` (null = all that are known), oldest first. */
  events(stackId: string, afterId: string | null): Promise<StackEvent[]>;
  resources(nameOrId: string): Promise<StackResource[]>;
}
