// Bodies of /team/* (litellm.md §1.5).
import { z } from 'zod';
import { id, json, keptFields, levelFields, models, refuseUnstorable, text } from './body-fields.ts';
import type { TeamPatch } from './team-records.ts';

const role = z.enum(['admin', 'user']);
export const member = z
  .looseObject({ user_id: id.nullish(), user_email: text.nullish(), role: role.default('user') })
  .refine((one) => Boolean(one.user_id ?? one.user_email), 'name the member by user_id or user_email');
export type MemberBody = z.infer<typeof member>;

const fields = {
  team_alias: text.nullish(),
  organization_id: id.nullish(),
  models,
  model_aliases: z.record(text, text).nullish(),
  metadata: json,
  blocked: z.boolean().nullish(),
  ...levelFields,
};

export const newTeamBody = z
  .looseObject({ ...fields, team_id: id.nullish(), members_with_roles: z.array(member).max(1_000).nullish() })
  .superRefine(refuseUnstorable);
export const updateTeamBody = z.looseObject({ ...fields, team_id: id }).superRefine(refuseUnstorable);
export const teamIdBody = z.looseObject({ team_id: id });
export const deleteTeamBody = z.looseObject({ team_ids: z.array(id).min(1).max(1_000) });
export const teamModelsBody = z.looseObject({ team_id: id, models: z.array(text).min(1).max(1_000) }).superRefine(refuseUnstorable);

const memberRules = {
  max_budget_in_team: levelFields.max_budget,
  budget_duration: levelFields.budget_duration,
  max_budget_rollover: levelFields.max_budget_rollover,
  tpm_limit: levelFields.tpm_limit,
  rpm_limit: levelFields.rpm_limit,
  allowed_models: models,
};
const members = z.union([member, z.array(member).min(1).max(1_000)]).transform((one) => (Array.isArray(one) ? one : [one]));

export const memberAddBody = z.looseObject({ team_id: id, member: members, ...memberRules }).superRefine(refuseUnstorable);
export const bulkMemberAddBody = z.looseObject({ team_id: id, members: z.array(member).min(1).max(1_000), ...memberRules }).superRefine(refuseUnstorable);
const named = { team_id: id, user_id: id.nullish(), user_email: text.nullish() };
export const memberUpdateBody = z.looseObject({ ...named, role: role.nullish(), ...memberRules }).superRefine(refuseUnstorable);
export const memberDeleteBody = z.looseObject(named);

export type MemberRules = z.infer<z.ZodObject<typeof memberRules>>;

const OWN_FIELDS = new Set([...Object.keys(fields), 'team_id', 'members_with_roles', 'members', 'admins']);

/** The team's own columns of a body; null clears. */
export function toTeamPatch(body: z.infer<typeof updateTeamBody> | z.infer<typeof newTeamBody>, before: Readonly<Record<string, unknown>> = {}): TeamPatch {
  const patch: TeamPatch = { otherFields: keptFields(body, OWN_FIELDS, before) };
  if (body.team_alias !== undefined) patch.alias = body.team_alias;
  if (body.organization_id) patch.organizationId = body.organization_id;
  if (body.models !== undefined) patch.models = body.models ?? [];
  if (body.model_aliases !== undefined) patch.modelAliases = body.model_aliases ?? {};
  if (body.metadata !== undefined) patch.metadata = body.metadata ?? {};
  if (body.blocked !== undefined) patch.blocked = body.blocked ?? false;
  return patch;
}
