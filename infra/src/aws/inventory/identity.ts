// IAM: roles of the stacks, and the instance profiles that EKS Auto Mode makes for the node role outside of every stack.
import {
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
  ListRoleTagsCommand,
  paginateListInstanceProfiles,
  paginateListRoles,
  RemoveRoleFromInstanceProfileCommand,
} from '@aws-sdk/client-iam';
import { tagsOf } from '#aws/tags.ts';
import { type Item, item } from './item.ts';
import type { Kind } from './kind.ts';
import { isNamedOurs, isTaggedOurs, type Scope } from './scope.ts';

const roles: Kind = {
  kind: 'role',
  async find({ iam }, scope) {
    const found: Item[] = [];
    for await (const page of paginateListRoles({ client: iam }, {})) {
      for (const role of page.Roles ?? []) {
        // IAM lists no tags; asking for each role of an account would be slow, so the generated name is looked at first.
        if (!isNamedOurs(scope, role.RoleName ?? '')) continue;
        const tags = tagsOf((await iam.send(new ListRoleTagsCommand({ RoleName: role.RoleName }))).Tags);
        if (isTaggedOurs(scope, tags)) found.push(item('role', role.RoleName ?? '', { tags, createdAt: role.CreateDate ?? null }));
      }
    }
    return found;
  },
  async remove({ iam }, { id: RoleName }) {
    const profiles = await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }));
    for (const { InstanceProfileName } of profiles.InstanceProfiles ?? []) await removeProfile(iam, InstanceProfileName ?? '');
    for (const { PolicyArn } of (await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies ?? [])
      await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
    for (const PolicyName of (await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames ?? [])
      await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
  },
};

/** Auto Mode calls its profiles `eks-<region>-<cluster>-<hash>`; one that holds a role of ours is ours whatever its name. */
function isProfileOurs(scope: Scope, name: string, roleNames: readonly string[]): boolean {
  if (roleNames.some((role) => isNamedOurs(scope, role))) return true;
  return roleNames.length === 0 && new RegExp(`^eks-[a-z0-9-]+-\\d-${scope.clusterName}-[0-9a-f]+$`).test(name);
}

const instanceProfiles: Kind = {
  kind: 'instance-profile',
  async find({ iam }, scope) {
    const found: Item[] = [];
    for await (const page of paginateListInstanceProfiles({ client: iam }, {})) {
      for (const profile of page.InstanceProfiles ?? []) {
        const roleNames = (profile.Roles ?? []).map((role) => role.RoleName ?? '');
        const name = profile.InstanceProfileName ?? '';
        if (isProfileOurs(scope, name, roleNames)) found.push(item('instance-profile', name, { createdAt: profile.CreateDate ?? null }));
      }
    }
    return found;
  },
  remove: async ({ iam }, { id }) => await removeProfile(iam, id),
};

async function removeProfile(iam: IAMClient, InstanceProfileName: string): Promise<void> {
  const answer = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
  for (const { RoleName } of answer.InstanceProfile?.Roles ?? []) await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
  await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
}

export const identityKinds: readonly Kind[] = [instanceProfiles, roles];
