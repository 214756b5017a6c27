// Stacks by the CloudFormation API: change sets, events, deletion.
import {
  type Capability,
  type Change,
  type CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  type DescribeChangeSetCommandOutput,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  paginateDescribeStacks,
  paginateListStackResources,
  type StackEvent as SdkStackEvent,
  type Stack,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { answerOf, unlessMissing } from '#aws/error.ts';
import { tagList, tagsOf } from '#aws/tags.ts';
import type { Proposal, StackChange, StackEvent, StackPort, StackState } from './port.ts';

/** Pages of events read at most: 100 events each. */
const MAX_EVENT_PAGES = 30;

export function cloudFormationStacks(client: CloudFormationClient): StackPort {
  return {
    find: async (nameOrId) => {
      const answer = await unlessMissing(client.send(new DescribeStacksCommand({ StackName: nameOrId })), null);
      const stack = answer?.Stacks?.[0];
      return stack === undefined || stack.StackStatus === 'DELETE_COMPLETE' ? null : stateOf(stack);
    },
    list: async () => {
      const stacks: StackState[] = [];
      await answerOf(
        (async () => {
          for await (const page of paginateDescribeStacks({ client }, {})) stacks.push(...(page.Stacks ?? []).map(stateOf));
        })(),
      );
      return stacks.filter((stack) => stack.status !== 'DELETE_COMPLETE');
    },
    propose: async (order, kind) => {
      const answer = await answerOf(
        client.send(
          new CreateChangeSetCommand({
            StackName: order.name,
            ChangeSetName: `genai-${Date.now().toString(36)}-${Math.floor(Math.random() * 1e6).toString(36)}`,
            ChangeSetType: kind === 'create' ? 'CREATE' : 'UPDATE',
            TemplateBody: order.templateBody,
            Capabilities: [...order.capabilities] as Capability[],
            Tags: tagList(order.tags),
            OnStackFailure: 'DO_NOTHING',
          }),
        ),
      );
      return answer.Id ?? '';
    },
    proposal: async (stackName, proposalId) => await readProposal(client, stackName, proposalId),
    discard: async (stackName, proposalId) => {
      await unlessMissing(client.send(new DeleteChangeSetCommand({ StackName: stackName, ChangeSetName: proposalId })), null);
    },
    execute: async (stackName, proposalId) => {
      await answerOf(client.send(new ExecuteChangeSetCommand({ StackName: stackName, ChangeSetName: proposalId })));
    },
    delete: async (nameOrId) => {
      await unlessMissing(client.send(new DeleteStackCommand({ StackName: nameOrId })), null);
    },
    unprotect: async (stackName) => {
      await unlessMissing(client.send(new UpdateTerminationProtectionCommand({ StackName: stackName, EnableTerminationProtection: false })), null);
    },
    events: async (stackId, afterId) => await readEvents(client, stackId, afterId),
    resources: async (nameOrId) => {
      const found: { logicalId: string; physicalId: string; resourceType: string; status: string }[] = [];
      await answerOf(
        (async () => {
          for await (const page of paginateListStackResources({ client }, { StackName: nameOrId })) {
            for (const row of page.StackResourceSummaries ?? []) {
              found.push({
                logicalId: row.LogicalResourceId ?? '',
                physicalId: row.PhysicalResourceId ?? '',
                resourceType: row.ResourceType ?? '',
                status: row.ResourceStatus ?? '',
              });
            }
          }
        })(),
      );
      return found;
    },
  };
}

function stateOf(stack: Stack): StackState {
  return {
    id: stack.StackId ?? stack.StackName ?? '',
    name: stack.StackName ?? '',
    status: stack.StackStatus ?? '',
    reason: stack.StackStatusReason ?? null,
    outputs: Object.fromEntries((stack.Outputs ?? []).map((output) => [output.OutputKey ?? '', output.OutputValue ?? ''])),
    tags: tagsOf(stack.Tags),
    createdAt: stack.CreationTime ?? new Date(0),
    isProtected: stack.EnableTerminationProtection === true,
  };
}

async function readProposal(client: CloudFormationClient, stackName: string, proposalId: string): Promise<Proposal> {
  const changes: StackChange[] = [];
  let page: DescribeChangeSetCommandOutput;
  let token: string | undefined;
  do {
    page = await answerOf(
      client.send(new DescribeChangeSetCommand({ StackName: stackName, ChangeSetName: proposalId, ...(token === undefined ? {} : { NextToken: token }) })),
    );
    changes.push(...(page.Changes ?? []).map(changeOf));
    token = page.NextToken;
  } while (token !== undefined);
  const reason = page.StatusReason ?? null;
  if (page.Status === 'CREATE_COMPLETE') return { state: changes.length === 0 ? 'empty' : 'ready', changes, reason };
  if (page.Status !== 'FAILED') return { state: 'pending', changes: [], reason };
  // CloudFormation reports "nothing to do" as a failure with one of these sentences.
  const isEmpty = /didn't contain changes|No updates are to be performed/i.test(reason ?? '');
  return { state: isEmpty ? 'empty' : 'failed', changes: [], reason };
}

function changeOf(change: Change): StackChange {
  const resource = change.ResourceChange;
  const action = resource?.Action === 'Add' ? 'add' : resource?.Action === 'Remove' ? 'remove' : 'modify';
  return {
    action,
    logicalId: resource?.LogicalResourceId ?? '',
    resourceType: resource?.ResourceType ?? '',
    isReplacement: resource?.Replacement === 'True',
  };
}

/** The API answers newest first; reading stops at the event that the caller knows. */
async function readEvents(client: CloudFormationClient, stackId: string, afterId: string | null): Promise<StackEvent[]> {
  const newest: StackEvent[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_EVENT_PAGES; page += 1) {
    const input = { StackName: stackId, ...(token === undefined ? {} : { NextToken: token }) };
    const answer = await unlessMissing(client.send(new DescribeStackEventsCommand(input)), null);
    const events = (answer?.StackEvents ?? []).map(eventOf);
    const known = events.findIndex((event) => event.id === afterId);
    newest.push(...(known < 0 ? events : events.slice(0, known)));
    token = answer?.NextToken;
    if (known >= 0 || token === undefined) break;
  }
  return newest.reverse();
}

function eventOf(event: SdkStackEvent): StackEvent {
  return {
    id: event.EventId ?? '',
    at: event.Timestamp ?? new Date(0),
    logicalId: event.LogicalResourceId ?? '',
    resourceType: event.ResourceType ?? '',
    status: event.ResourceStatus ?? '',
    reason: event.ResourceStatusReason ?? null,
  };
}
